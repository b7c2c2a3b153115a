// HttpClient: bounded HTTPS requests through libcurl, on a thread of its own,
// so that neither a handshake nor a slow server ever holds the loop.
//
// What it never does: follow a redirect (libcurl would take headers and body
// along to the other host), take a proxy, certificates, cookies or settings
// from the environment or ~/.netrc, ask for compression, speak TLS older
// than 1.2 or with a certificate that is not the host's, speak plain http to
// anything but a loopback address, or read more than it was told to.
//
// Send(): loop thread only; completions are posted there.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/executor.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

struct HttpRequest {
  const char* method = "POST";  // GET or POST
  std::string url;
  std::vector<SecretBytes> headers;  // "Name: value"
  SecretBytes body;                  // sent with POST
  std::size_t max_response_bytes = std::size_t{1} << 20;
  // Less than what the client gives every request.
  std::optional<std::chrono::milliseconds> total_timeout = {};
};

struct HttpResponse {
  int status = 0;
  SecretBytes body;
  std::vector<SecretBytes> set_cookies;  // the headers' values
  std::chrono::seconds retry_after{0};   // Retry-After or X-Retry-After
};

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds total_timeout{10'000};
  // The certificates (PEM) that vouch for servers, and the only ones; empty:
  // those of the system.
  std::string ca_pem = {};
  // For https to other machines; empty: none. api_url.h has what it may be.
  std::string proxy = {};
};

class HttpClient {
 public:
  HttpClient(Executor& loop, HttpOptions options);
  ~HttpClient();  // as Stop()
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Offline(), naming the host and the reason, when there was no whole answer.
  void Send(HttpRequest request, Done<HttpResponse> done);

  // Posts `why` to `done`: for a request that must not be sent.
  void Refuse(Status why, DoneStatus done);

  // As Stop(), but what is sent from now on goes out: another thread begins
  // with nothing that this one has seen.
  void Abort();

  // Fails what is in flight and whatever is sent from now on; returns when the
  // thread has ended. Completions are still posted.
  void Stop();

 private:
  class Worker;

  Executor& loop_;
  const HttpOptions options_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace libretto
