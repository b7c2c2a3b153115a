#include "cloud/core/cli_logins.h"

#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
namespace {

constexpr std::chrono::seconds kLifetime = std::chrono::minutes(10);

Status UnknownInsteadOfNotFound(Status status) {
  if (status.code() != StatusCode::kNotFound) return status;
  return Refuse(Refusal::kCliLoginNotFound);
}

}  // namespace

StatusOr<OpenedCliLogin> CliLogins::Open() {
  OpenedCliLogin opened{.id = NewUuid(),
                        .secret = NewToken(),
                        .expires_at = NowOf(needs_.clock) + kLifetime};
  Status added = needs_.store.AddCliLogin({.id = opened.id,
                                           .secret_hash = HashOf(opened.secret),
                                           .expires_at = opened.expires_at});
  if (!added.ok()) return added;
  return opened;
}

StatusOr<CliLogin> CliLogins::Find(std::string_view id,
                                   const SecretBytes& secret) {
  StatusOr<CliLogin> login = needs_.store.CliLoginById(id);
  if (!login.ok()) return UnknownInsteadOfNotFound(login.status());
  if (!SameBytes(HashOf(secret), login->secret_hash)) {
    return Refuse(Refusal::kCliLoginNotFound);
  }
  return login;
}

StatusOr<CliLoginState> CliLogins::Poll(std::string_view id,
                                        const SecretBytes& secret,
                                        std::string_view user_agent) {
  const StatusOr<CliLogin> login = Find(id, secret);
  if (!login.ok()) return login.status();
  const Timestamp now = NowOf(needs_.clock);
  if (login->expires_at <= now) {
    return CliLoginState{.kind = CliLoginState::Kind::kExpired};
  }
  if (!login->user_id.has_value()) return CliLoginState{};
  const StatusOr<User> user = needs_.store.UserById(*login->user_id);
  if (!user.ok()) return UnknownInsteadOfNotFound(user.status());
  SignedIn signed_in =
      needs_.sessions.Prepare(*user, /*remember=*/true, user_agent);
  Status redeemed =
      needs_.store.RedeemCliLogin(login->id, signed_in.session, now);
  if (!redeemed.ok()) return UnknownInsteadOfNotFound(redeemed);
  return CliLoginState{.kind = CliLoginState::Kind::kApproved,
                       .signed_in = std::move(signed_in)};
}

Status CliLogins::Approve(std::string_view id, const SecretBytes& secret,
                          const User& user, std::string_view session_id) {
  const StatusOr<CliLogin> login = Find(id, secret);
  if (!login.ok()) return login.status();
  const Timestamp now = NowOf(needs_.clock);
  if (login->expires_at <= now) return Refuse(Refusal::kCliLoginNotFound);
  if (!user.email_verified) return Refuse(Refusal::kEmailNotVerified);
  return UnknownInsteadOfNotFound(
      needs_.store.ApproveCliLogin(login->id, user.id, session_id, now));
}

}  // namespace libretto::cloud
