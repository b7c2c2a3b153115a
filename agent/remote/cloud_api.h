// CloudApi: one call of the cloud's HTTP API, in either of its two envelopes
// (contract 0.2), with the answer turned into JSON or into a Status.
//
// Loop thread only; completions are posted there.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/remote.h"
#include "agent/remote/http_client.h"
#include "base/json.h"

namespace libretto {

enum class Envelope {
  kPlain,  // /api/auth: Better Auth, bare JSON
  kOrpc,   // /v1: oRPC, {"json": ...} both ways
};

struct CloudCall {
  CloudCall(const char* http_method, std::string base_url, std::string route)
      : method(http_method),
        api_url(std::move(base_url)),
        path(std::move(route)),
        envelope(path.starts_with("/v1/") ? Envelope::kOrpc
                                          : Envelope::kPlain) {}

  CloudCall& As(const ApiKey& key);
  CloudCall& As(const SessionCookie& cookie);
  CloudCall& As(const Principal& principal);
  CloudCall& With(Json input) {
    body = std::move(input);
    return *this;
  }

  const char* method;
  std::string api_url;
  std::string path;
  Envelope envelope;
  std::optional<SecretBytes> credential;  // a header
  std::optional<Json> body;
  JsonLimits limits;
  bool raw = false;  // a success is handed on as text, up to limits.max_bytes
  std::optional<std::chrono::milliseconds> total_timeout;
};

struct CloudAnswer {
  Json json;
  std::vector<SecretBytes> set_cookies;
  SecretBytes raw;
};

class CloudApi {
 public:
  explicit CloudApi(HttpClient& http) : http_(http) {}

  void Send(CloudCall call, Done<CloudAnswer> done);

 private:
  HttpClient& http_;
};

// The status for an answer that lacks what the contract promises.
Status NotInContract(const std::string& api_url, const char* route);

}  // namespace libretto
