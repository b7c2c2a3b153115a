// Who am I, and sign-out.
#include "cloud/http/better_auth.h"
#include "cloud/http/routes.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {
namespace {

// What a session made from an API key claims to live on for, when the key
// itself does not expire. Better Auth's seven days, read as milliseconds.
constexpr std::chrono::milliseconds kKeySessionLifetime(604'800);

void ClearCookies(const Services& services, HttpResponse& response) {
  for (const std::string& cookie : services.cookie.Clear()) {
    response.headers.emplace_back("set-cookie", cookie);
  }
}

JsonOut SessionJson(const Session& session, const SecretBytes& token) {
  return {
      {"expiresAt", Iso8601(session.expires_at)},
      {"token", token.Reveal()},
      {"createdAt", Iso8601(session.created_at)},
      {"updatedAt", Iso8601(session.updated_at)},
      {"ipAddress", ""},
      {"userAgent", session.user_agent},
      {"userId", session.user_id},
      {"activeOrganizationId", session.active_organization_id.has_value()
                                   ? JsonOut(*session.active_organization_id)
                                   : JsonOut(nullptr)},
      {"id", session.id}};
}

JsonOut KeySessionJson(const Services& services, const Call& call) {
  const ApiKey& key = *call.identity->key;
  const Timestamp now = NowOf(services.clock);
  const std::string_view user_agent = call.request.Header("user-agent");
  return {{"id", key.id},
          {"token", call.identity->token.Reveal()},
          {"userId", key.user_id},
          {"userAgent",
           user_agent.empty() ? JsonOut(nullptr) : JsonOut(user_agent)},
          {"ipAddress", nullptr},
          {"createdAt", Iso8601(now)},
          {"updatedAt", Iso8601(now)},
          {"expiresAt",
           Iso8601(key.expires_at.value_or(now + kKeySessionLifetime))}};
}

HttpResponse GetSession(const Services& services, const Call& call) {
  if (!call.identity.has_value()) {
    HttpResponse response = BetterAuth::Ok(nullptr);
    if (call.session_is_over) ClearCookies(services, response);
    return response;
  }
  const Identity& identity = *call.identity;
  const JsonOut user = BetterAuth::UserJson(identity.user);
  if (identity.key.has_value()) {
    return BetterAuth::Ok(
        {{"user", user}, {"session", KeySessionJson(services, call)}});
  }
  return BetterAuth::Ok(
      {{"session", SessionJson(*identity.session, identity.token)},
       {"user", user}});
}

HttpResponse SignOut(const Services& services, const Call& call) {
  // Of the cookie's session; a key that comes along stays valid.
  const auto token = services.cookie.TokenIn(call.request.Header("cookie"));
  if (token.has_value()) {
    const Status ended = services.sessions.End(*token);
    if (!ended.ok()) return BetterAuth::Failure(ended);
  }
  HttpResponse response = BetterAuth::Ok({{"success", true}});
  ClearCookies(services, response);
  return response;
}

HttpResponse AccountStatus(const Services& services, const Call& call) {
  const User& user = call.identity->user;
  const auto organizations = services.organizations.Of(user);
  if (!organizations.ok()) return Rpc::Failure(organizations.status());
  const bool has_tenant = !organizations->empty();
  JsonOut status = {{"userId", user.id},
                    {"email", user.email},
                    {"emailVerified", user.email_verified},
                    {"hasTenant", has_tenant},
                    {"tenantId", nullptr}};
  if (has_tenant) status["tenantId"] = organizations->front().id;
  return Rpc::Ok(status);
}

}  // namespace

void AddSessionRoutes(const Services& services, std::vector<Route>& routes) {
  routes.push_back({.method = "GET",
                    .path = "/api/auth/get-session",
                    .auth = Auth::kOptional,
                    .handle = [services](const Call& call) {
                      return GetSession(services, call);
                    }});
  routes.push_back({.method = "POST",
                    .path = "/api/auth/sign-out",
                    .handle = [services](const Call& call) {
                      return SignOut(services, call);
                    }});
  routes.push_back({.method = "POST",
                    .path = "/v1/auth/status",
                    .auth = Auth::kSession,
                    .handle = [services](const Call& call) {
                      return AccountStatus(services, call);
                    }});
}

}  // namespace libretto::cloud
