// Accounts: sign-up (alone, with an organisation or into one), sign-in, the
// proof that a mail address belongs to who signed up, and an account's end.
// Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"
#include "cloud/core/mailer.h"
#include "cloud/core/one_time_tokens.h"
#include "cloud/core/organizations.h"
#include "cloud/core/passwords.h"
#include "cloud/core/sessions.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

struct SignUpRequest {
  std::string name;
  std::string email;
  SecretBytes password;
  // At most one of the two: an organisation of one's own, or the one that the
  // invitation (to `email`) leads into.
  std::optional<OrganizationRequest> organization = {};
  std::optional<InvitationAndOrganization> invitation = {};
  std::string callback_url = "/auth/verified";  // where the mailed link leads
  std::string user_agent = {};
};

struct SignUpResult {
  SignedIn signed_in;
  std::optional<Organization> organization = {};
};

class Accounts {
 public:
  struct Needs {
    Store& store;
    Mailer& mailer;
    Sessions& sessions;
    OneTimeTokens& tokens;
    const Passwords& passwords;
    const Clock& clock;
    std::string base_url;
  };

  explicit Accounts(Needs needs) : needs_(std::move(needs)) {}

  // Refusals: kPasswordTooShort, kPasswordTooLong, kEmailTaken, kSlugTaken,
  // kInvitationNotFound. A verification mail that cannot be sent does not undo
  // the sign-up: the user can ask for another.
  StatusOr<SignUpResult> SignUp(const SignUpRequest& request);

  // kWrongEmailOrPassword, after the same time, whichever of them is wrong.
  StatusOr<SignedIn> SignIn(std::string_view email, const SecretBytes& password,
                            bool remember, std::string_view user_agent);

  // OK also for an address that nobody has or that is verified, after the same
  // work, unless it is `signed_in` who asks: kEmailMismatch,
  // kEmailAlreadyVerified.
  Status SendVerification(std::string_view email, std::string_view callback_url,
                          const User* signed_in);

  // kBadVerificationToken, also for a token that was used before.
  Status VerifyEmail(const SecretBytes& token);

  // With all that belongs to it, the organisation too if nobody else is in it.
  // kOnlyOwner.
  Status Delete(const User& user);

 private:
  Status MailVerification(const User& user, std::string_view callback_url);

  const Needs needs_;
};

}  // namespace libretto::cloud
