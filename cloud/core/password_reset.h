// Setting a new password with a link that was mailed to the account's address.
// The link ends what the old password had opened; see Store::ResetPassword().
// Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"
#include "cloud/core/mailer.h"
#include "cloud/core/one_time_tokens.h"
#include "cloud/core/passwords.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

class PasswordReset {
 public:
  struct Needs {
    Store& store;
    Mailer& mailer;
    OneTimeTokens& tokens;
    const Passwords& passwords;
    const Clock& clock;
    std::string base_url;
  };

  explicit PasswordReset(Needs needs) : needs_(std::move(needs)) {}

  // Has a link mailed that leads to `callback_url`. OK also for an address that
  // nobody has, after the same work.
  Status Request(std::string_view email, std::string_view callback_url);

  // kBadResetToken unless Finish() would take the token now.
  Status Check(const SecretBytes& token);

  // kPasswordTooShort, kPasswordTooLong, kBadResetToken.
  Status Finish(const SecretBytes& token, const SecretBytes& new_password);

 private:
  const Needs needs_;
};

}  // namespace libretto::cloud
