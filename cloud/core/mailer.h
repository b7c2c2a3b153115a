// Sends one mail. Any thread (guarded).
#pragma once

#include <string>

#include "base/errors.h"

namespace libretto::cloud {

struct Mail {
  std::string to;
  std::string subject;
  std::string text;  // lines end with \n
};

class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual Status Send(const Mail& mail) = 0;
};

}  // namespace libretto::cloud
