// API keys of the user who asks. The list is a bare array: the public command
// shows nothing of any other form.
#include <algorithm>
#include <array>

#include "cloud/http/better_auth.h"
#include "cloud/http/routes.h"

namespace libretto::cloud {
namespace {

constexpr double kMaxSeconds = 1e10;
constexpr StringRule kPrefix = {.max = 32};

constexpr std::array<const char*, 7> kServerOnly = {
    "refillAmount",     "refillInterval", "rateLimitMax", "rateLimitTimeWindow",
    "rateLimitEnabled", "permissions",    "remaining"};

JsonOut OrNull(const std::optional<std::string>& text) {
  return text.has_value() ? JsonOut(*text) : JsonOut(nullptr);
}

JsonOut OrNull(const std::optional<Timestamp>& time) {
  return time.has_value() ? JsonOut(Iso8601(*time)) : JsonOut(nullptr);
}

// `text`: shown once, when the key is made; null ever after.
JsonOut KeyJson(const ApiKey& key, const SecretBytes* text) {
  JsonOut json = {{"name", OrNull(key.name)},
                  {"start", key.start},
                  {"prefix", OrNull(key.prefix)}};
  if (text != nullptr) json["key"] = text->Reveal();
  json["userId"] = key.user_id;
  json["refillInterval"] = nullptr;
  json["refillAmount"] = nullptr;
  json["lastRefillAt"] = nullptr;
  json["enabled"] = key.enabled;
  json["rateLimitEnabled"] = false;
  json["rateLimitTimeWindow"] = 86'400'000;
  json["rateLimitMax"] = 10;
  json["requestCount"] = 0;
  json["remaining"] = nullptr;
  json["lastRequest"] = OrNull(key.last_request);
  json["expiresAt"] = OrNull(key.expires_at);
  json["createdAt"] = Iso8601(key.created_at);
  json["updatedAt"] = Iso8601(key.updated_at);
  json["permissions"] = nullptr;
  json["metadata"] = key.metadata.has_value()
                         ? JsonOut::parse(*key.metadata, nullptr, false)
                         : JsonOut(nullptr);
  json["id"] = key.id;
  return json;
}

bool IsPrefix(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

HttpResponse InvalidSession() {
  return BetterAuth::Error(401, "UNAUTHORIZED_OR_INVALID_SESSION",
                           "Unauthorized or invalid session");
}

// Nothing unless the body asks for what only the server may set.
std::optional<HttpResponse> Overreach(const Input& input) {
  if (input.Find("userId") != nullptr) {
    return InvalidSession();
  }
  for (const char* name : kServerOnly) {
    if (input.Find(name) == nullptr) continue;
    return BetterAuth::Error(
        400,
        "THE_PROPERTY_YOURE_TRYING_TO_SET_CAN_ONLY_BE_SET_FROM_THE_SERVER_AUTH_"
        "INSTANCE_ONLY",
        "The property you're trying to set can only be set from the server "
        "auth instance only.");
  }
  return std::nullopt;
}

std::string_view AccessIdOf(const Identity& identity) {
  return identity.key.has_value() ? identity.key->id : SessionIdOf(identity);
}

HttpResponse CreateKey(const Services& services, const Call& call) {
  if (!call.identity.has_value()) return InvalidSession();
  Input input(call.input);
  ApiKeyRequest request;
  request.name = input.OptionalString("name");
  request.prefix = input.OptionalString("prefix", kPrefix);
  if (!IsPrefix(request.prefix.value_or(""))) {
    input.Complain("prefix",
                   "Invalid prefix format, must be alphanumeric and contain "
                   "only underscores and hyphens.");
  }
  const auto lifetime = input.OptionalNumber("expiresIn", 1);
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  if (auto refusal = Overreach(input)) return *std::move(refusal);
  if (lifetime.has_value()) {
    request.lifetime = std::chrono::seconds(
        static_cast<std::int64_t>(std::min(*lifetime, kMaxSeconds)));
  }
  if (const Json* metadata = input.Find("metadata")) {
    if (!metadata->is_object()) {
      return BetterAuth::Error(400, "METADATA_MUST_BE_AN_OBJECT_OR_UNDEFINED",
                               "metadata must be an object or undefined");
    }
    request.metadata = metadata->dump();
  }

  const auto issued = services.api_keys.Issue(
      call.identity->user, AccessIdOf(*call.identity), request);
  if (!issued.ok()) return BetterAuth::Failure(issued.status());
  return BetterAuth::Ok(KeyJson(issued->key, &issued->text));
}

HttpResponse ListKeys(const Services& services, const Call& call) {
  const auto keys = services.api_keys.List(call.identity->user);
  if (!keys.ok()) return BetterAuth::Failure(keys.status());
  JsonOut list = JsonOut::array();
  for (const ApiKey& key : *keys) list.push_back(KeyJson(key, nullptr));
  return BetterAuth::Ok(list);
}

HttpResponse UpdateKey(const Services& services, const Call& call) {
  if (!call.identity.has_value()) return InvalidSession();
  Input input(call.input);
  const std::string id = input.String("keyId");
  ApiKeyChange change;
  change.name = input.OptionalString("name");
  change.enabled = input.OptionalBool("enabled");
  // Better Auth can change these two. Who asks for an end that is then not
  // there has to hear of it.
  for (const char* name : {"expiresIn", "metadata"}) {
    if (input.Find(name) == nullptr) continue;
    input.Complain(name, "Is fixed when the key is made; make another key");
  }
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  if (auto refusal = Overreach(input)) return *std::move(refusal);
  const auto changed =
      services.api_keys.Change(call.identity->user, id, change);
  if (!changed.ok()) return BetterAuth::Failure(changed.status());
  return BetterAuth::Ok(KeyJson(*changed, nullptr));
}

HttpResponse DeleteKey(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string id = input.String("keyId");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  const Status revoked = services.api_keys.Revoke(call.identity->user, id);
  if (!revoked.ok()) return BetterAuth::Failure(revoked);
  return BetterAuth::Ok({{"success", true}});
}

}  // namespace

void AddApiKeyRoutes(const Services& services, std::vector<Route>& routes) {
  // These two are kOptional, because their 401 has words of its own.
  routes.push_back({.method = "POST",
                    .path = "/api/auth/api-key/create",
                    .auth = Auth::kOptional,
                    .handle = [services](const Call& call) {
                      return CreateKey(services, call);
                    }});
  routes.push_back({.method = "POST",
                    .path = "/api/auth/api-key/update",
                    .auth = Auth::kOptional,
                    .handle = [services](const Call& call) {
                      return UpdateKey(services, call);
                    }});
  routes.push_back({.method = "GET",
                    .path = "/api/auth/api-key/list",
                    .auth = Auth::kRequired,
                    .handle = [services](const Call& call) {
                      return ListKeys(services, call);
                    }});
  routes.push_back({.method = "POST",
                    .path = "/api/auth/api-key/delete",
                    .auth = Auth::kRequired,
                    .handle = [services](const Call& call) {
                      return DeleteKey(services, call);
                    }});
}

}  // namespace libretto::cloud
