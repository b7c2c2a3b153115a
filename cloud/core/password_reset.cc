#include "cloud/core/password_reset.h"

#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/core/text.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
namespace {

constexpr TokenPurpose kPurpose = TokenPurpose::kResetPassword;

Status BadTokenInsteadOfNotFound(Status status) {
  if (status.code() != StatusCode::kNotFound) return status;
  return Refuse(Refusal::kBadResetToken);
}

}  // namespace

Status PasswordReset::Request(std::string_view email,
                              std::string_view callback_url) {
  const StatusOr<Login> login = needs_.store.LoginByEmail(LowerCased(email));
  if (login.status().code() == StatusCode::kNotFound) {
    return needs_.tokens.PretendToIssue(kPurpose);
  }
  if (!login.ok()) return login.status();
  const StatusOr<SecretBytes> token =
      needs_.tokens.Issue(kPurpose, login->user);
  // Deleted just now: as if the address had been nobody's.
  if (token.status().code() == StatusCode::kNotFound) return OkStatus();
  if (!token.ok()) return token.status();
  const std::string link = needs_.base_url + "/api/auth/reset-password/" +
                           std::string(token->Reveal()) +
                           "?callbackURL=" + PercentEncoded(callback_url);
  // The mailer reports its own failures; the answer must not tell.
  (void)needs_.mailer.Send(
      {.to = login->user.email,
       .subject = "Set a new password for Libretto Cloud",
       .text = "Somebody asked for a new password for the account with this "
               "address. If it\nwas you, open this link within one hour; it "
               "works once:\n\n" +
               link +
               "\n\nThe new password ends all sessions of the account. If you "
               "did not ask, do\nnothing: the password stays as it is.\n"});
  return OkStatus();
}

Status PasswordReset::Check(const SecretBytes& token) {
  return BadTokenInsteadOfNotFound(
      needs_.store.UserOfToken(kPurpose, HashOf(token), NowOf(needs_.clock))
          .status());
}

Status PasswordReset::Finish(const SecretBytes& token,
                             const SecretBytes& new_password) {
  Status acceptable = CheckNewPassword(new_password);
  if (!acceptable.ok()) return acceptable;
  // First, so that a guess costs no hashing.
  Status good = Check(token);
  if (!good.ok()) return good;
  const std::string hash = needs_.passwords.Hash(new_password);
  return BadTokenInsteadOfNotFound(
      needs_.store.ResetPassword(HashOf(token), hash, NowOf(needs_.clock)));
}

}  // namespace libretto::cloud
