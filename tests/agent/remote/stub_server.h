// An HTTP server that says what it is told to, byte for byte, to one request
// after the other, and keeps what it heard. Listens on a free loopback port.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace libretto::testing {

class StubServer {
 public:
  // The raw answer to a raw request; empty: say nothing and hold the
  // connection until the client gives up.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit StubServer(Answer answer)
      : answer_(std::move(answer)),
        listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listening_.get(), generic, size) != 0 ||
        listen(listening_.get(), 16) != 0 ||
        getsockname(listening_.get(), generic, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }

  // Answers every request with `json` and a status.
  static Answer Json(int status, const std::string& json,
                     const std::string& headers = "") {
    return [=](const std::string&) {
      return "HTTP/1.1 " + std::to_string(status) +
             " Whatever\r\nContent-Type: application/json\r\n" + headers +
             "Content-Length: " + std::to_string(json.size()) + "\r\n\r\n" +
             json;
    };
  }

  ~StubServer() {
    stopping_ = true;
    thread_.join();
  }
  StubServer(const StubServer&) = delete;
  StubServer& operator=(const StubServer&) = delete;

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
  }
  std::vector<std::string> requests() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

 private:
  static constexpr int kPollMs = 20;

  bool Readable(int fd) const {
    while (!stopping_) {
      pollfd waiting{fd, POLLIN, 0};
      if (poll(&waiting, 1, kPollMs) > 0) return true;
    }
    return false;
  }

  void Serve() {
    while (Readable(listening_.get())) {
      const UniqueFd client(
          accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.valid()) Converse(client.get());
    }
  }

  void Converse(int client) {
    const std::string request = ReadRequest(client);
    if (request.empty()) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      requests_.push_back(request);
    }
    const std::string answer = answer_(request);
    if (answer.empty()) {
      (void)Readable(client);
      return;
    }
    (void)send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
  }

  std::string ReadRequest(int client) const {
    std::string request;
    std::array<char, 4096> buffer{};
    while (Readable(client)) {
      const ssize_t count = recv(client, buffer.data(), buffer.size(), 0);
      if (count <= 0) return "";
      request.append(buffer.data(), static_cast<std::size_t>(count));
      const std::size_t end = request.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const std::size_t length = request.find("Content-Length: ");
      const std::size_t body =
          length < end ? std::stoul(request.substr(length + 16)) : 0;
      if (request.size() >= end + 4 + body) return request;
    }
    return "";
  }

  const Answer answer_;
  const UniqueFd listening_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace libretto::testing
