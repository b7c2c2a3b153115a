// The HTTP/1.1 server: one thread for all sockets, a pool of workers for the
// handlers, a small one of its own for password hashing, so that hashing never
// holds up anybody else. Bounded in everything that a client can send or hold
// open. Listen() and Start() once each, from one thread; Stop() from it too.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "cloud/http/router.h"

namespace libretto::cloud {

// One per request, for the log: no body, no header, no query.
struct AccessRecord {
  std::string_view id;
  std::string_view method;
  std::string_view path;
  int status = 0;
  std::string_view failure;  // what went wrong on our side
  std::chrono::microseconds took{};
};

struct ListenAddress {
  // "HOST:PORT", HOST an IP address or "localhost", an IPv6 one in brackets.
  static StatusOr<ListenAddress> Parse(std::string_view text);

  std::string host;  // without brackets
  std::uint16_t port = 0;
  bool is_loopback = false;
};

class HttpServer {
 public:
  using Log = std::function<void(const AccessRecord&)>;

  // Binds; port 0 takes a free one.
  static StatusOr<std::unique_ptr<HttpServer>> Listen(
      const ListenAddress& address);

  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;

  // `router` outlives this. `log` is called on the server's own thread,
  // `housekeeping` on a worker, every ten seconds.
  void Start(const Router& router, Log log, std::function<void()> housekeeping);

  // Answers what is being handled, for up to half a second, and closes the
  // rest.
  void Stop();

 private:
  class Core;

  explicit HttpServer(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

}  // namespace libretto::cloud
