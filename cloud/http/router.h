// The one table of routes, and what happens to a request before and after its
// handler: the rules of its protocol, the origin check, who is asking. Every
// route says there what it needs; a handler sees only what has passed.
// Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cloud/core/api_keys.h"
#include "cloud/core/sessions.h"
#include "cloud/http/http_message.h"
#include "cloud/http/limits.h"
#include "cloud/http/origins.h"
#include "cloud/http/session_cookie.h"

namespace libretto::cloud {

// Who is asking: by API key (which beats the cookie) or by session.
struct Identity {
  User user;
  std::string tenant_id;           // empty unless asked by key
  std::optional<ApiKey> key;       // one of
  std::optional<Session> session;  // the two
  SecretBytes token;               // what was presented
};

// The session's id; empty when asked by key.
inline std::string_view SessionIdOf(const Identity& identity) {
  return identity.session.has_value() ? std::string_view(identity.session->id)
                                      : std::string_view();
}

enum class Auth {
  kNone,
  kOptional,     // an identity if there is one
  kRequired,     // session or key
  kSession,      // a session; a key does not do
  kVerifiedKey,  // a key of a verified user who has an organisation
};

// What handling costs: hashing takes 64 MiB and tens of milliseconds.
enum class Work { kQuick, kPasswordHashing };

struct Call {
  const HttpRequest& request;
  const Json* input;  // what the client sent; null when nothing
  // The last segment of the path, where the route leaves it open; not decoded.
  std::string_view parameter;
  std::optional<Identity> identity;
  // The cookie was ours, and its session has ended.
  bool session_is_over = false;
};

struct Route {
  std::string_view method;
  // May end with a segment that is left open: "/api/auth/reset-password/:token"
  std::string_view path;
  Auth auth = Auth::kNone;
  std::function<HttpResponse(const Call&)> handle;
  Work work = Work::kQuick;
  std::size_t max_body = std::size_t{256} << 10;
  // Sign-in and sign-up: guarded against foreign pages even without a cookie.
  bool opens_session = false;
  const Limit* limit = nullptr;  // outlives the route
};

class Router {
 public:
  struct Needs {
    Sessions& sessions;
    ApiKeys& api_keys;
    const SessionCookie& cookie;
    const TrustedOrigins& origins;
    RateLimiter& limiter;
    // Whether X-Forwarded-For comes from a proxy of ours.
    bool behind_proxy = false;
  };

  Router(Needs needs, std::vector<Route> routes);

  const std::vector<Route>& routes() const { return routes_; }

  // Null when there is none.
  const Route* Find(std::string_view method, std::string_view path) const;

  HttpResponse Handle(const HttpRequest& request) const;

  // What the log may say: the route's own path. The segment that it leaves open
  // may be a secret, and so may a path that is almost a route's.
  std::string_view PathForLog(std::string_view path) const;

  // What the server itself has to say (413, 431, 503), in the words of the
  // protocol that `path` belongs to.
  static HttpResponse Plain(std::string_view path, int status);

 private:
  HttpResponse Serve(const Route& route, const HttpRequest& request) const;
  HttpResponse ServeRpc(const Route& route, const HttpRequest& request) const;
  HttpResponse ServeBetterAuth(const Route& route,
                               const HttpRequest& request) const;
  HttpResponse HandleWithin(const Route& route, const Call& call) const;
  std::optional<HttpResponse> OverClientsLimit(
      const Route& route, const HttpRequest& request) const;
  std::optional<HttpResponse> OverAccountsLimit(const Route& route,
                                                const Call& call) const;
  std::string ClientOf(const HttpRequest& request) const;
  Status CheckOrigin(const Route& route, const HttpRequest& request) const;
  Status IdentifyForRpc(const Route& route, const HttpRequest& request,
                        Call& call,
                        std::vector<std::string>& set_cookies) const;
  Status Identify(const HttpRequest& request, Call& call,
                  std::vector<std::string>& set_cookies) const;
  Status IdentifyByKey(std::string_view key, Call& call) const;
  Status IdentifyByCookie(const HttpRequest& request, Call& call,
                          std::vector<std::string>& set_cookies) const;

  const Needs needs_;
  const std::vector<Route> routes_;
};

}  // namespace libretto::cloud
