#include "tests/cloud/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>

#include "base/check.h"

namespace libretto::cloud::testing {
namespace {

// Longer than anything that the server may take; a test fails, not hangs.
constexpr timeval kPatience = {.tv_sec = 20, .tv_usec = 0};

}  // namespace

std::string RawResponse::Header(std::string_view name) const {
  const auto all = AllHeaders(name);
  return all.empty() ? "" : all.front();
}

std::vector<std::string> RawResponse::AllHeaders(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : headers) {
    if (key == name) values.push_back(value);
  }
  return values;
}

RawClient::RawClient(std::uint16_t port)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  LIBRETTO_CHECK(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address),
                         sizeof(address)) == 0);
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
}

void RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has hung up, which the test will see
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RawClient::FinishSending() { shutdown(fd_.get(), SHUT_WR); }

bool RawClient::ReadMore() {
  std::array<char, 16'384> chunk{};
  const ssize_t count = recv(fd_.get(), chunk.data(), chunk.size(), 0);
  if (count <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

RawResponse RawClient::ReadResponse() {
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    if (!ReadMore()) return {};
  }
  RawResponse response;
  response.status = std::stoi(buffer_.substr(buffer_.find(' ') + 1, 3));
  const std::size_t end = buffer_.find("\r\n\r\n");
  std::size_t line = buffer_.find("\r\n") + 2;
  while (line < end + 2) {
    const std::size_t stop = buffer_.find("\r\n", line);
    const std::string text = buffer_.substr(line, stop - line);
    const std::size_t colon = text.find(": ");
    std::string name = text.substr(0, colon);
    for (char& c : name) c = static_cast<char>(tolower(c));
    response.headers.emplace_back(std::move(name), text.substr(colon + 2));
    line = stop + 2;
  }
  buffer_.erase(0, end + 4);
  const std::string length = response.Header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size) {
    if (!ReadMore()) break;  // a HEAD is answered without the body
  }
  response.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return response;
}

bool RawClient::IsClosed() { return buffer_.empty() && !ReadMore(); }

}  // namespace libretto::cloud::testing
