#include "cloud/core/sessions.h"

#include <utility>

#include "base/credential_name.h"
#include "cloud/core/refusal.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
namespace {

constexpr std::chrono::seconds kShortLifetime = std::chrono::hours(24);
constexpr std::chrono::seconds kExtendEvery = std::chrono::hours(24);
constexpr std::size_t kMaxUserAgentBytes = 256;

}  // namespace

SignedIn Sessions::Prepare(const User& user, bool remember,
                           std::string_view user_agent) const {
  SecretBytes token = SecretBytes::Take(NewId());
  const Timestamp now = NowOf(clock_);
  Session session{
      .id = NewId(),
      .token_hash = HashOf(token),
      .user_id = user.id,
      .remember = remember,
      .user_agent = Printable(user_agent, kMaxUserAgentBytes),
      .created_at = now,
      .updated_at = now,
      .expires_at = now + (remember ? kSessionLifetime : kShortLifetime),
  };
  return {user, std::move(session), std::move(token)};
}

StatusOr<SignedIn> Sessions::Start(const Login& login, bool remember,
                                   std::string_view user_agent) {
  SignedIn started = Prepare(login.user, remember, user_agent);
  Status added = store_.AddSession(started.session, login.password_hash);
  if (added.code() == StatusCode::kNotFound) {
    return Refuse(Refusal::kWrongEmailOrPassword);
  }
  if (!added.ok()) return added;
  return started;
}

StatusOr<SignedIn> Sessions::Find(const SecretBytes& token) {
  StatusOr<SessionAndUser> found = store_.SessionByTokenHash(HashOf(token));
  if (found.status().code() == StatusCode::kNotFound) {
    return Refuse(Refusal::kSignedOut);
  }
  if (!found.ok()) return found.status();
  if (found->session.expires_at <= NowOf(clock_)) {
    Status removed = store_.RemoveSession(found->session.token_hash);
    if (!removed.ok()) return removed;
    return Refuse(Refusal::kSignedOut);
  }
  return SignedIn{std::move(found->user), std::move(found->session),
                  token.Clone()};
}

StatusOr<bool> Sessions::ExtendIfDue(Session& session) {
  const Timestamp now = NowOf(clock_);
  const bool due = session.expires_at - kSessionLifetime + kExtendEvery <= now;
  if (!session.remember || !due) return false;
  Status extended =
      store_.ExtendSession(session.id, now, now + kSessionLifetime);
  if (!extended.ok()) return extended;
  session.updated_at = now;
  session.expires_at = now + kSessionLifetime;
  return true;
}

Status Sessions::End(const SecretBytes& token) {
  return store_.RemoveSession(HashOf(token));
}

}  // namespace libretto::cloud
