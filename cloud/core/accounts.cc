#include "cloud/core/accounts.h"

#include <utility>

#include "cloud/core/email_address.h"
#include "cloud/core/refusal.h"
#include "cloud/core/text.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
StatusOr<SignUpResult> Accounts::SignUp(const SignUpRequest& request) {
  Status acceptable = CheckNewPassword(request.password);
  if (!acceptable.ok()) return acceptable;

  const Timestamp now = NowOf(needs_.clock);
  NewAccount account;
  account.user = {.id = NewId(),
                  .email = LowerCased(request.email),
                  .name = request.name,
                  .created_at = now,
                  .updated_at = now};
  SignedIn signed_in = needs_.sessions.Prepare(account.user, /*remember=*/true,
                                               request.user_agent);
  std::optional<Organization> organization;
  if (request.organization.has_value()) {
    auto made = NewOrganization(account.user, *request.organization, now);
    organization = made.organization;
    account.organization = std::move(made.organization);
    account.membership = std::move(made.membership);
  } else if (request.invitation.has_value()) {
    organization = request.invitation->organization;
    account.invitation_id = request.invitation->invitation.id;
    account.membership =
        MembershipBy(request.invitation->invitation, account.user, now);
    // As for whoever accepts with an account; a new organisation is not made
    // active (contract 4.3).
    signed_in.session.active_organization_id = organization->id;
  }
  account.password_hash = needs_.passwords.Hash(request.password);
  account.session = signed_in.session;
  Status added = needs_.store.AddAccount(account);
  if (!added.ok()) return added;
  (void)MailVerification(account.user, request.callback_url);
  return SignUpResult{std::move(signed_in), std::move(organization)};
}

StatusOr<SignedIn> Accounts::SignIn(std::string_view email,
                                    const SecretBytes& password, bool remember,
                                    std::string_view user_agent) {
  const StatusOr<Login> login = needs_.store.LoginByEmail(LowerCased(email));
  if (login.status().code() == StatusCode::kNotFound) {
    needs_.passwords.PretendToMatch(password);
    return Refuse(Refusal::kWrongEmailOrPassword);
  }
  if (!login.ok()) return login.status();
  if (!needs_.passwords.Matches(password, login->password_hash)) {
    return Refuse(Refusal::kWrongEmailOrPassword);
  }
  return needs_.sessions.Start(*login, remember, user_agent);
}

Status Accounts::SendVerification(std::string_view email,
                                  std::string_view callback_url,
                                  const User* signed_in) {
  const std::string address = LowerCased(email);
  if (signed_in != nullptr) {
    if (signed_in->email != address) return Refuse(Refusal::kEmailMismatch);
    if (signed_in->email_verified) {
      return Refuse(Refusal::kEmailAlreadyVerified);
    }
    return MailVerification(*signed_in, callback_url);
  }
  const StatusOr<Login> login = needs_.store.LoginByEmail(address);
  const bool is_unknown = login.status().code() == StatusCode::kNotFound;
  if (!login.ok() && !is_unknown) return login.status();
  if (is_unknown || login->user.email_verified) {
    return needs_.tokens.PretendToIssue(TokenPurpose::kVerifyEmail);
  }
  Status mailed = MailVerification(login->user, callback_url);
  // Deleted just now: as if the address had been nobody's.
  return mailed.code() == StatusCode::kNotFound ? OkStatus() : mailed;
}

Status Accounts::VerifyEmail(const SecretBytes& token) {
  Status verified =
      needs_.store.VerifyEmail(HashOf(token), NowOf(needs_.clock));
  if (verified.code() != StatusCode::kNotFound) return verified;
  return Refuse(Refusal::kBadVerificationToken);
}

Status Accounts::Delete(const User& user) {
  Status removed = needs_.store.RemoveAccount(user.id);
  // Somebody else was faster, and it is gone.
  if (removed.code() == StatusCode::kNotFound) return OkStatus();
  return removed;
}

Status Accounts::MailVerification(const User& user,
                                  std::string_view callback_url) {
  const StatusOr<SecretBytes> token =
      needs_.tokens.Issue(TokenPurpose::kVerifyEmail, user);
  if (!token.ok()) return token.status();
  const std::string link = needs_.base_url + "/api/auth/verify-email?token=" +
                           std::string(token->Reveal()) +
                           "&callbackURL=" + PercentEncoded(callback_url);
  // The mailer reports its own failures; see SignUp().
  (void)needs_.mailer.Send(
      {.to = user.email,
       .subject = "Confirm your address for Libretto Cloud",
       .text =
           "Somebody signed up for Libretto Cloud with this address. If "
           "it was you,\nopen this link within one hour; it works once:\n\n" +
           link +
           "\n\nIf it was not, do nothing: without the link the address "
           "stays unconfirmed.\n"});
  return OkStatus();
}

}  // namespace libretto::cloud
