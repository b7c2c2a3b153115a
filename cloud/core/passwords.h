// Argon2id for passwords. The cost is given by whoever builds it: main the
// production cost, tests a tiny one. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto::cloud {

// 8 to 128 characters, as JavaScript counts: kPasswordTooShort,
// kPasswordTooLong.
Status CheckNewPassword(const SecretBytes& password);

struct PasswordCost {
  unsigned long long passes = 2;
  std::size_t memory_bytes = std::size_t{64} << 20;
};

class Passwords {
 public:
  explicit Passwords(PasswordCost cost);

  std::string Hash(const SecretBytes& password) const;
  bool Matches(const SecretBytes& password, const std::string& hash) const;

  // Takes the time of Matches() and never matches: what is done for an address
  // that nobody has, so that the answer's time does not tell.
  void PretendToMatch(const SecretBytes& password) const;

 private:
  const PasswordCost cost_;
  const std::string nobodys_hash_;
};

}  // namespace libretto::cloud
