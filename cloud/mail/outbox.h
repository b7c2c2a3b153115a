// A Mailer that puts each mail as one .eml file into a folder: the default,
// for trying things out and for a mail system that picks files up. A file
// appears whole or not at all. Any thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "cloud/core/mailer.h"
#include "cloud/mail/message.h"

namespace libretto::cloud {

class Outbox final : public Mailer {
 public:
  // Makes `folder` (0700) when it is missing. `clock` outlives this.
  static StatusOr<Outbox> Open(std::string folder, Sender sender,
                               const Clock& clock);

  Status Send(const Mail& mail) override;

 private:
  Outbox(std::string folder, Sender sender, const Clock& clock)
      : folder_(std::move(folder)), sender_(std::move(sender)), clock_(clock) {}

  const std::string folder_;
  const Sender sender_;
  const Clock& clock_;
};

}  // namespace libretto::cloud
