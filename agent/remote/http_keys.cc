#include "agent/remote/http_keys.h"

#include <utility>

namespace libretto {
namespace {

// Better Auth 1.4 answers with a bare array, later ones with an object
// (contract 0.1).
StatusOr<std::vector<KeyInfo>> ParseKeys(const std::string& api_url,
                                         const Json& json) {
  const Json& keys =
      json.is_object() && json.contains("apiKeys") ? json["apiKeys"] : json;
  const Status broken = NotInContract(api_url, "/api/auth/api-key/list");
  if (!keys.is_array()) return broken;
  std::vector<KeyInfo> list;
  for (const Json& item : keys) {
    auto id = StringAt(item, "id");
    if (!id.has_value()) return broken;
    list.push_back({*std::move(id), StringAt(item, "name").value_or("")});
  }
  return list;
}

}  // namespace

void HttpKeys::Mint(const SessionCookie& cookie, const std::string& label,
                    std::chrono::seconds lifetime, Done<MintedKey> done) {
  CloudCall call("POST", cookie.api_url, "/api/auth/api-key/create");
  call.As(cookie).With({{"name", label}, {"expiresIn", lifetime.count()}});
  api_.Send(std::move(call), [api_url = cookie.api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    auto id = StringAt(answer->json, "id");
    auto key = StringAt(answer->json, "key");
    if (!id.has_value() || !key.has_value()) {
      return std::move(done)(
          NotInContract(api_url, "/api/auth/api-key/create"));
    }
    std::move(done)(MintedKey{
        *std::move(id),
        ApiKey{std::move(api_url), SecretBytes::Take(*std::move(key))}});
  });
}

void HttpKeys::ListKeys(const SessionCookie& cookie,
                        Done<std::vector<KeyInfo>> done) {
  CloudCall call("GET", cookie.api_url, "/api/auth/api-key/list");
  call.As(cookie);
  api_.Send(std::move(call), [api_url = cookie.api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    std::move(done)(ParseKeys(api_url, answer->json));
  });
}

void HttpKeys::Revoke(const SessionCookie& cookie, const std::string& id,
                      DoneStatus done) {
  CloudCall call("POST", cookie.api_url, "/api/auth/api-key/delete");
  call.As(cookie).With({{"keyId", id}});
  api_.Send(std::move(call), [done = std::move(done)](
                                 const StatusOr<CloudAnswer>& answer) mutable {
    std::move(done)(answer.status());
  });
}

void HttpKeys::RevokeItself(const ApiKey& key, const std::string& id,
                            DoneStatus done) {
  CloudCall call("POST", key.api_url, "/api/auth/api-key/delete");
  call.As(key).With({{"keyId", id}});
  api_.Send(std::move(call), [done = std::move(done)](
                                 const StatusOr<CloudAnswer>& answer) mutable {
    std::move(done)(answer.status());
  });
}

}  // namespace libretto
