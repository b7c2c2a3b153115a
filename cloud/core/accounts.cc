#include "cloud/core/accounts.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/seal.h"
#include "cloud/core/email_address.h"
#include "cloud/core/refusal.h"
#include "cloud/core/text.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kMinPasswordLength = 8;
constexpr std::size_t kMaxPasswordLength = 128;
constexpr std::chrono::seconds kVerificationLifetime = std::chrono::hours(1);

Status CheckPassword(const SecretBytes& password) {
  const std::size_t length = Utf16Length(password.Reveal());
  if (length < kMinPasswordLength) return Refuse(Refusal::kPasswordTooShort);
  if (length > kMaxPasswordLength) return Refuse(Refusal::kPasswordTooLong);
  return OkStatus();
}

std::string SecondsText(Timestamp time) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(time)
                            .time_since_epoch()
                            .count());
}

// The seconds that `text` says, or nothing that lies in the future.
Timestamp TimeOfSeconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t kYear3000 = 32'503'680'000;
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 ||
      seconds > kYear3000) {
    return Timestamp();
  }
  return Timestamp(std::chrono::seconds(seconds));
}

// What VerificationToken() is made of; anything else came from elsewhere and is
// not worth a question to the database.
bool IsTokenText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

StatusOr<SignUpResult> Accounts::SignUp(const SignUpRequest& request) {
  Status acceptable = CheckPassword(request.password);
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
  MailVerification(account.user, request.callback_url);
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
  return needs_.sessions.Start(login->user, remember, user_agent);
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
    MailVerification(*signed_in, callback_url);
    return OkStatus();
  }
  const StatusOr<Login> login = needs_.store.LoginByEmail(address);
  if (login.status().code() == StatusCode::kNotFound) return OkStatus();
  if (!login.ok()) return login.status();
  if (!login->user.email_verified) MailVerification(login->user, callback_url);
  return OkStatus();
}

Status Accounts::VerifyEmail(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos ||
      !IsTokenText(token)) {
    return Refuse(Refusal::kBadVerificationToken);
  }
  const std::string_view user_id = token.substr(0, first);
  const std::string_view expiry = token.substr(first + 1, second - first - 1);
  if (TimeOfSeconds(expiry) <= NowOf(needs_.clock)) {
    return Refuse(Refusal::kBadVerificationToken);
  }
  const StatusOr<User> user = needs_.store.UserById(user_id);
  if (user.status().code() == StatusCode::kNotFound) {
    return Refuse(Refusal::kBadVerificationToken);
  }
  if (!user.ok()) return user.status();
  if (!SameBytes(VerificationToken(*user, expiry), token)) {
    return Refuse(Refusal::kBadVerificationToken);
  }
  if (user->email_verified) return OkStatus();
  return needs_.store.MarkEmailVerified(user->id, NowOf(needs_.clock));
}

void Accounts::MailVerification(const User& user,
                                std::string_view callback_url) {
  const std::string expiry =
      SecondsText(NowOf(needs_.clock) + kVerificationLifetime);
  const std::string link = needs_.base_url + "/api/auth/verify-email?token=" +
                           VerificationToken(user, expiry) +
                           "&callbackURL=" + PercentEncoded(callback_url);
  // The mailer reports its own failures; see SignUp().
  (void)needs_.mailer.Send(
      {.to = user.email,
       .subject = "Confirm your address for Libretto Cloud",
       .text = "Somebody signed up for Libretto Cloud with this address. If "
               "it was you,\nopen this link within one hour:\n\n" +
               link +
               "\n\nIf it was not, do nothing: without the link the address "
               "stays unconfirmed.\n"});
}

// user id "." expiry in seconds "." signature. The address is signed too, but
// not shown: a link proves the address that it was sent to and no other.
std::string Accounts::VerificationToken(const User& user,
                                        std::string_view expiry) const {
  const std::string signature = needs_.link_signer.Sign(
      BindingOf({"verify-email", user.id, user.email, expiry}));
  return user.id + "." + std::string(expiry) + "." + Base64Url(signature);
}

}  // namespace libretto::cloud
