// The real server on a real loopback socket, on top of CloudParts.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "cloud/http/origins.h"
#include "cloud/http/router.h"
#include "cloud/http/routes.h"
#include "cloud/http/server.h"
#include "cloud/http/session_cookie.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/cloud/raw_client.h"

namespace libretto::cloud::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

class LiveCloud {
 public:
  // `base_url` stays "http://cloud.test" for cookies and origins: what it is
  // must not depend on the port that this test got.
  explicit LiveCloud(const std::string& base_url = "http://cloud.test")
      : origins_(*TrustedOrigins::For(base_url)),
        cookie_(SecretBytes::CopyOf(std::string(32, 'k')),
                base_url.starts_with("https:")),
        router_({.sessions = parts.sessions,
                 .api_keys = parts.api_keys,
                 .cookie = cookie_,
                 .origins = origins_,
                 .limiter = limiter_,
                 .behind_proxy = true},
                AllRoutes({.accounts = parts.accounts,
                           .password_reset = parts.password_reset,
                           .cli_logins = parts.cli_logins,
                           .organizations = parts.organizations,
                           .invitations = parts.invitations,
                           .sessions = parts.sessions,
                           .api_keys = parts.api_keys,
                           .credentials = parts.credentials,
                           .clock = parts.clock,
                           .cookie = cookie_,
                           .origins = origins_})) {
    auto server = HttpServer::Listen(*ListenAddress::Parse("127.0.0.1:0"));
    LIBRETTO_CHECK(server.ok());
    server_ = *std::move(server);
    server_->Start(
        router_,
        [this](const AccessRecord& record) {
          const std::scoped_lock lock(mutex_);
          log_ += std::string(record.method) + " " + std::string(record.path) +
                  " " + std::to_string(record.status) + " " +
                  std::string(record.failure) + "\n";
        },
        [] {});
  }

  std::uint16_t port() const { return server_->port(); }
  HttpServer& server() { return *server_; }
  const Router& router() const { return router_; }

  std::string log() {
    const std::scoped_lock lock(mutex_);
    return log_;
  }

  // One request on a connection of its own.
  RawResponse Send(const std::string& method, const std::string& target,
                   const std::string& body = "", const Headers& headers = {}) {
    std::string text = method + " " + target + " HTTP/1.1\r\nhost: x\r\n";
    for (const auto& [name, value] : headers) {
      text += name + ": " + value + "\r\n";
    }
    if (!body.empty()) {
      text += "content-length: " + std::to_string(body.size()) + "\r\n";
    }
    RawClient client(port());
    client.Send(text + "connection: close\r\n\r\n" + body);
    return client.ReadResponse();
  }

  RawResponse Get(const std::string& target, const Headers& headers = {}) {
    return Send("GET", target, "", headers);
  }

  RawResponse Post(const std::string& target, const std::string& body,
                   Headers headers = {}) {
    headers.emplace_back("content-type", "application/json");
    return Send("POST", target, body, headers);
  }

  // The Cookie header for a fresh session of NAME@example.test.
  std::string SignIn(const std::string& name) {
    const RawResponse response = Post("/api/auth/sign-in/email",
                                      Json{{"email", name + "@example.test"},
                                           {"password", "password of " + name}}
                                          .dump());
    LIBRETTO_CHECK(response.status == 200);
    const std::string cookie = response.Header("set-cookie");
    return cookie.substr(0, cookie.find(';'));
  }

  // What a page of ours sends for that session.
  Headers SignedInHeaders(const std::string& name) {
    return {{"cookie", SignIn(name)}, {"origin", "http://cloud.test"}};
  }

  Headers HeadersOf(const SignedIn& signed_in) const {
    const std::string cookie =
        cookie_.Issue(signed_in.token, /*remember=*/true).front();
    return {{"cookie", cookie.substr(0, cookie.find(';'))},
            {"origin", "http://cloud.test"}};
  }

  CloudParts parts;

 private:
  const TrustedOrigins origins_;
  const SessionCookie cookie_;
  RateLimiter limiter_{parts.clock};
  const Router router_;
  std::mutex mutex_;
  std::string log_;  // guarded by mutex_
  std::unique_ptr<HttpServer> server_;
};

}  // namespace libretto::cloud::testing
