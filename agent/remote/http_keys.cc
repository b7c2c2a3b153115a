#include "agent/remote/http_keys.h"

#include <utility>

namespace libretto {
namespace {

// A key that revokes itself is held for that alone: where it takes longer, a
// later session revokes it.
constexpr std::chrono::seconds kOwnRevocation{2};

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
    list.push_back({*std::move(id), StringAt(item, "name").value_or(""),
                    StringAt(item, "start").value_or(""),
                    BoolAt(item, "enabled").value_or(true),
                    StringAt(item, "createdAt").value_or(""),
                    StringAt(item, "lastRequest").value_or(""),
                    StringAt(item, "expiresAt").value_or("")});
  }
  return list;
}

}  // namespace

void HttpKeys::Mint(const Principal& principal, const std::string& label,
                    std::optional<std::chrono::seconds> lifetime,
                    Done<MintedKey> done) {
  Json input{{"name", label}};
  if (lifetime.has_value()) input["expiresIn"] = lifetime->count();
  CloudCall call("POST", ApiUrlOf(principal), "/api/auth/api-key/create");
  call.As(principal).With(std::move(input));
  api_.Send(
      std::move(call), [api_url = ApiUrlOf(principal), done = std::move(done)](
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

void HttpKeys::ListKeys(const Principal& principal,
                        Done<std::vector<KeyInfo>> done) {
  CloudCall call("GET", ApiUrlOf(principal), "/api/auth/api-key/list");
  call.As(principal);
  api_.Send(std::move(call),
            [api_url = ApiUrlOf(principal),
             done = std::move(done)](StatusOr<CloudAnswer> answer) mutable {
              if (!answer.ok()) return std::move(done)(answer.status());
              std::move(done)(ParseKeys(api_url, answer->json));
            });
}

void HttpKeys::Revoke(const Principal& principal, const std::string& id,
                      DoneStatus done) {
  CloudCall call("POST", ApiUrlOf(principal), "/api/auth/api-key/delete");
  call.As(principal).With({{"keyId", id}});
  if (std::holds_alternative<ApiKey>(principal)) {
    call.total_timeout = kOwnRevocation;
  }
  api_.Send(std::move(call), [done = std::move(done)](
                                 const StatusOr<CloudAnswer>& answer) mutable {
    std::move(done)(answer.status());
  });
}

}  // namespace libretto
