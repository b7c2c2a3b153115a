#include "cloud/http/router.h"

#include <algorithm>
#include <utility>

#include "cloud/core/email_address.h"
#include "cloud/core/refusal.h"
#include "cloud/core/text.h"
#include "cloud/http/better_auth.h"
#include "cloud/http/input.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {
namespace {

constexpr std::string_view kRpcPrefix = "/v1/";
constexpr std::string_view kBetterAuthPrefix = "/api/auth/";
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

bool IsRpc(std::string_view path) { return path.starts_with(kRpcPrefix); }

// oRPC tolerates a slash at the end.
std::string_view Canonical(std::string_view path) {
  if (IsRpc(path) && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// All of a route's path but the segment that it leaves open.
std::string_view FixedPart(std::string_view pattern) {
  return pattern.substr(0, pattern.find(':'));
}

bool Matches(std::string_view pattern, std::string_view path) {
  const std::string_view fixed = FixedPart(pattern);
  if (fixed.size() == pattern.size()) return path == pattern;
  return path.starts_with(fixed) && path.size() > fixed.size() &&
         path.find('/', fixed.size()) == std::string_view::npos;
}

// Empty when the route leaves nothing open.
std::string_view ParameterOf(const Route& route, std::string_view path) {
  const std::string_view fixed = FixedPart(route.path);
  if (fixed.size() == route.path.size()) return {};
  return path.substr(fixed.size());
}

void AddCookies(HttpResponse& response,
                const std::vector<std::string>& set_cookies) {
  for (const std::string& cookie : set_cookies) {
    response.headers.emplace_back("set-cookie", cookie);
  }
}

Status CheckVerifiedKey(const std::optional<Identity>& identity) {
  if (!identity.has_value() || !identity->key.has_value()) {
    return Refuse(Refusal::kApiKeyMissing);
  }
  if (!identity->user.email_verified) {
    return Refuse(Refusal::kEmailNotVerified);
  }
  if (identity->tenant_id.empty()) return Refuse(Refusal::kNoOrganization);
  return OkStatus();
}

Status CheckSession(const std::optional<Identity>& identity) {
  const bool has_session =
      identity.has_value() && identity->session.has_value();
  return has_session ? OkStatus() : Refuse(Refusal::kSignedOut);
}

// Better Auth takes JSON and forms. Nothing when there is no body, and a body
// without a type counts as none.
struct ParsedBody {
  std::optional<Json> value;
  std::optional<HttpResponse> refusal;
};

ParsedBody ParseBetterAuthBody(const HttpRequest& request) {
  ParsedBody parsed;
  const std::string_view type = request.Header("content-type");
  if (request.body.empty() || type.empty()) return parsed;
  if (type.starts_with(kFormType)) {
    parsed.value = FormAsJson(request.body);
    return parsed;
  }
  if (!type.starts_with(kJsonType)) {
    // Says which types would do; does not repeat the one that came.
    parsed.refusal = BetterAuth::Error(
        415, "UNSUPPORTED_MEDIA_TYPE",
        "Content-Type is not allowed. Allowed types: "
        "application/x-www-form-urlencoded, application/json");
    return parsed;
  }
  StatusOr<Json> json = ParseJson(request.body);
  if (!json.ok()) {
    parsed.refusal =
        BetterAuth::Error(400, "BAD_REQUEST", "Invalid JSON in request body");
    return parsed;
  }
  parsed.value = *std::move(json);
  return parsed;
}

// The {"json": ...} of an oRPC body; an other type than JSON counts as no
// body. False when it is malformed.
bool ParseRpcBody(const HttpRequest& request, Json& envelope) {
  const std::string_view type = request.Header("content-type");
  if (request.body.empty()) return true;
  if (!type.empty() && !type.starts_with(kJsonType)) return true;
  StatusOr<Json> json = ParseJson(request.body);
  if (!json.ok() || json->is_null()) return false;
  envelope = *std::move(json);
  return true;
}

// Contract 4.4, with the header that others know beside the hosted service's.
std::optional<HttpResponse> Unless(std::chrono::seconds wait,
                                   const HttpRequest& request) {
  if (wait.count() == 0) return std::nullopt;
  HttpResponse refusal = Router::Plain(request.path, 429);
  for (const char* header : {"retry-after", "x-retry-after"}) {
    refusal.headers.emplace_back(header, std::to_string(wait.count()));
  }
  return refusal;
}

}  // namespace

Router::Router(Needs needs, std::vector<Route> routes)
    : needs_(needs), routes_(std::move(routes)) {}

const Route* Router::Find(std::string_view method,
                          std::string_view path) const {
  const std::string_view canonical = Canonical(path);
  const auto route =
      std::find_if(routes_.begin(), routes_.end(), [&](const Route& candidate) {
        return candidate.method == method && Matches(candidate.path, canonical);
      });
  return route == routes_.end() ? nullptr : &*route;
}

HttpResponse Router::Handle(const HttpRequest& request) const {
  const Route* const route = Find(request.method, request.path);
  if (route == nullptr) {
    const bool is_procedure =
        IsRpc(request.path) && Find("POST", request.path) != nullptr;
    return Plain(request.path, is_procedure ? 405 : 404);
  }
  try {
    return Serve(*route, request);
  } catch (const std::exception&) {
    // Out of memory, or a library's complaint, whose text may quote a value.
    HttpResponse response = Plain(request.path, 500);
    response.failure = "an exception";
    return response;
  }
}

std::string_view Router::PathForLog(std::string_view path) const {
  const std::string_view canonical = Canonical(path);
  const auto route =
      std::find_if(routes_.begin(), routes_.end(), [&](const Route& candidate) {
        return Matches(candidate.path, canonical);
      });
  return route == routes_.end() ? "(unknown)" : route->path;
}

HttpResponse Router::Plain(std::string_view path, int status) {
  if (path.starts_with(kBetterAuthPrefix)) return BetterAuth::Plain(status);
  return Rpc::Plain(status);
}

HttpResponse Router::Serve(const Route& route,
                           const HttpRequest& request) const {
  return IsRpc(route.path) ? ServeRpc(route, request)
                           : ServeBetterAuth(route, request);
}

HttpResponse Router::ServeRpc(const Route& route,
                              const HttpRequest& request) const {
  if (auto refusal = OverClientsLimit(route, request)) return *refusal;
  Json envelope;
  if (!ParseRpcBody(request, envelope)) return Rpc::Malformed();
  const auto member =
      envelope.is_object() ? envelope.find("json") : envelope.end();
  const bool has_input = envelope.is_object() && member != envelope.end();
  Call call{.request = request,
            .input = has_input ? &*member : nullptr,
            .parameter = ParameterOf(route, Canonical(request.path)),
            .identity = std::nullopt};
  std::vector<std::string> set_cookies;
  const Status status = IdentifyForRpc(route, request, call, set_cookies);
  HttpResponse response =
      status.ok() ? HandleWithin(route, call) : Rpc::Failure(status);
  AddCookies(response, set_cookies);
  return response;
}

Status Router::IdentifyForRpc(const Route& route, const HttpRequest& request,
                              Call& call,
                              std::vector<std::string>& set_cookies) const {
  if (route.auth == Auth::kVerifiedKey) {
    Status status = IdentifyByKey(request.Header("x-api-key"), call);
    return status.ok() ? CheckVerifiedKey(call.identity) : status;
  }
  if (route.auth == Auth::kSession) {
    Status status = CheckOrigin(route, request);
    if (status.ok()) status = Identify(request, call, set_cookies);
    return status.ok() ? CheckSession(call.identity) : status;
  }
  return OkStatus();
}

HttpResponse Router::ServeBetterAuth(const Route& route,
                                     const HttpRequest& request) const {
  if (auto refusal = OverClientsLimit(route, request)) return *refusal;
  const Status our_page = CheckOrigin(route, request);
  if (!our_page.ok()) return BetterAuth::Failure(our_page);
  ParsedBody body = ParseBetterAuthBody(request);
  if (body.refusal.has_value()) return *std::move(body.refusal);

  Call call{.request = request,
            .input = body.value.has_value() ? &*body.value : nullptr,
            .parameter = ParameterOf(route, request.path),
            .identity = std::nullopt};
  std::vector<std::string> set_cookies;
  // A bad key refuses the request even where nobody needs to be known.
  Status status = route.auth == Auth::kNone
                      ? IdentifyByKey(request.Header("x-api-key"), call)
                      : Identify(request, call, set_cookies);
  if (status.ok() && route.auth == Auth::kRequired &&
      !call.identity.has_value()) {
    status = Refuse(Refusal::kSignedOut);
  }
  if (status.ok() && route.auth == Auth::kSession) {
    status = CheckSession(call.identity);
  }
  HttpResponse response =
      status.ok() ? HandleWithin(route, call) : BetterAuth::Failure(status);
  AddCookies(response, set_cookies);
  return response;
}

HttpResponse Router::HandleWithin(const Route& route, const Call& call) const {
  if (auto refusal = OverAccountsLimit(route, call)) return *refusal;
  return route.handle(call);
}

// Before it is known who asks.
std::optional<HttpResponse> Router::OverClientsLimit(
    const Route& route, const HttpRequest& request) const {
  if (route.limit == nullptr) return std::nullopt;
  const std::string client =
      std::string(route.limit->name) + ' ' + ClientOf(request);
  return Unless(needs_.limiter.Take(client, route.limit->per_client), request);
}

// After that: what is refused anyway is not held against the account.
std::optional<HttpResponse> Router::OverAccountsLimit(const Route& route,
                                                      const Call& call) const {
  if (route.limit == nullptr) return std::nullopt;
  const Limit& limit = *route.limit;
  const std::string email =
      LowerCased(Input(call.input).OptionalString("email").value_or(""));
  if (!IsEmailAddress(email)) return std::nullopt;
  const std::string account = std::string(limit.name) + ' ' + email;
  std::chrono::seconds wait(0);
  if (limit.per_client_and_account.has_value()) {
    wait = needs_.limiter.Take(account + ' ' + ClientOf(call.request),
                               *limit.per_client_and_account);
  }
  if (wait.count() == 0 && limit.per_account.has_value()) {
    wait = needs_.limiter.Take(account, *limit.per_account);
  }
  return Unless(wait, call.request);
}

std::string Router::ClientOf(const HttpRequest& request) const {
  return cloud::ClientOf(request.peer, request.Header("x-forwarded-for"),
                         needs_.behind_proxy);
}

// Contract 4.2: a browser sends the cookie also for a page of somebody else.
Status Router::CheckOrigin(const Route& route,
                           const HttpRequest& request) const {
  if (route.method == "GET" || route.method == "HEAD") return OkStatus();
  std::string_view origin = request.Header("origin");
  if (origin.empty()) origin = request.Header("referer");
  const bool must_have_origin =
      !request.Header("cookie").empty() ||
      (route.opens_session && (!request.Header("sec-fetch-mode").empty() ||
                               !request.Header("sec-fetch-site").empty()));
  if (!must_have_origin && (!route.opens_session || origin.empty())) {
    return OkStatus();
  }
  if (origin.empty() || origin == "null") {
    return Refuse(Refusal::kOriginMissing);
  }
  if (!needs_.origins.Trusts(origin)) return Refuse(Refusal::kOriginForeign);
  return OkStatus();
}

Status Router::Identify(const HttpRequest& request, Call& call,
                        std::vector<std::string>& set_cookies) const {
  Status status = IdentifyByKey(request.Header("x-api-key"), call);
  if (!status.ok() || call.identity.has_value()) return status;
  return IdentifyByCookie(request, call, set_cookies);
}

Status Router::IdentifyByKey(std::string_view key, Call& call) const {
  if (key.empty()) return OkStatus();
  SecretBytes text = SecretBytes::CopyOf(key);
  StatusOr<KeyAndUser> found = needs_.api_keys.Authenticate(text);
  if (!found.ok()) return found.status();
  call.identity = Identity{.user = std::move(found->user),
                           .tenant_id = std::move(found->tenant_id),
                           .key = std::move(found->key),
                           .session = std::nullopt,
                           .token = std::move(text)};
  return OkStatus();
}

Status Router::IdentifyByCookie(const HttpRequest& request, Call& call,
                                std::vector<std::string>& set_cookies) const {
  const std::optional<SecretBytes> token =
      needs_.cookie.TokenIn(request.Header("cookie"));
  if (!token.has_value()) return OkStatus();
  StatusOr<SignedIn> found = needs_.sessions.Find(*token);
  if (RefusalOf(found.status()) == Refusal::kSignedOut) {
    call.session_is_over = true;
    return OkStatus();
  }
  if (!found.ok()) return found.status();
  if (QueryParameter(request.query, "disableRefresh") != "true") {
    StatusOr<bool> extended = needs_.sessions.ExtendIfDue(found->session);
    if (!extended.ok()) return extended.status();
    if (*extended) {
      set_cookies = needs_.cookie.Issue(*token, /*remember=*/true);
    }
  }
  call.identity = Identity{.user = std::move(found->user),
                           .tenant_id = {},
                           .key = std::nullopt,
                           .session = std::move(found->session),
                           .token = std::move(found->token)};
  return OkStatus();
}

}  // namespace libretto::cloud
