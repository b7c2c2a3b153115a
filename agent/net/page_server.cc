#include "agent/net/page_server.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace libretto {
namespace {

std::string Head(std::string_view status, std::string_view content_type,
                 std::size_t length) {
  std::string head = "HTTP/1.0 ";
  head += status;
  head += "\r\nContent-Type: ";
  head += content_type;
  head += "\r\nContent-Length: " + std::to_string(length);
  head += "\r\nConnection: close\r\n";
  return head;
}

std::string Refusal(std::string_view status, std::string_view more = {}) {
  std::string text(status);
  text += '\n';
  return Head(status, "text/plain", text.size()) + std::string(more) + "\r\n" +
         text;
}

bool WouldBlock() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

PageRequest ParsePageRequest(std::string_view bytes) {
  if (bytes.size() > PageServer::kMaxRequestBytes) {
    return PageRequest::kMalformed;
  }
  // Headers are of no interest, but their end is that of the request.
  if (bytes.find("\r\n\r\n") == std::string_view::npos) {
    return PageRequest::kIncomplete;
  }
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last ||
      !line.substr(last + 1).starts_with("HTTP/1.")) {
    return PageRequest::kMalformed;
  }
  if (line.substr(0, first) != "GET") return PageRequest::kNotAllowed;
  std::string_view path = line.substr(first + 1, last - first - 1);
  path = path.substr(0, path.find('?'));
  return path == "/" || path == "/metrics" ? PageRequest::kPage
                                           : PageRequest::kNotFound;
}

struct PageServer::Connection {
  Connection(asio::io_context& context, UniqueFd fd)
      : descriptor(context, fd.Release()), timer(context) {}

  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  std::string received;
  std::string to_send;
};

PageServer::PageServer(asio::io_context& context, std::string content_type,
                       std::function<std::string()> page)
    : context_(context),
      content_type_(std::move(content_type)),
      page_(std::move(page)) {}

PageServer::~PageServer() = default;

void PageServer::Adopt(UniqueFd connection, const Caller& /*caller*/) {
  const std::uint64_t id = ++ids_;
  auto& adopted = connections_[id];
  adopted = std::make_unique<Connection>(context_, std::move(connection));
  adopted->timer.expires_after(kTimeout);
  adopted->timer.async_wait([this, id](const asio::error_code& error) {
    if (!error) connections_.erase(id);
  });
  AwaitRequest(id);
}

void PageServer::HangUp(ScopeId /*scope*/) { connections_.clear(); }

void PageServer::AwaitRequest(std::uint64_t id) {
  connections_.at(id)->descriptor.async_wait(
      asio::posix::stream_descriptor::wait_read,
      [this, id](const asio::error_code& error) {
        if (!error) Receive(id);
      });
}

void PageServer::Receive(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  std::array<char, 1024> buffer;
  const ssize_t count = recv(connection.descriptor.native_handle(),
                             buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && WouldBlock()) return AwaitRequest(id);
  if (count <= 0) {
    connections_.erase(found);
    return;
  }
  connection.received.append(buffer.data(), static_cast<std::size_t>(count));
  const PageRequest request = ParsePageRequest(connection.received);
  if (request == PageRequest::kIncomplete) return AwaitRequest(id);
  Answer(connection, request);
  Send(id);
}

void PageServer::Answer(Connection& connection, PageRequest request) const {
  switch (request) {
    case PageRequest::kPage: {
      const std::string page = page_();
      connection.to_send =
          Head("200 OK", content_type_, page.size()) + "\r\n" + page;
      return;
    }
    case PageRequest::kNotFound:
      connection.to_send = Refusal("404 Not Found");
      return;
    case PageRequest::kNotAllowed:
      connection.to_send = Refusal("405 Method Not Allowed", "Allow: GET\r\n");
      return;
    default:
      connection.to_send = Refusal("400 Bad Request");
  }
}

void PageServer::Send(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  const ssize_t count =
      send(connection.descriptor.native_handle(), connection.to_send.data(),
           connection.to_send.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count > 0) connection.to_send.erase(0, static_cast<std::size_t>(count));
  const bool gone = count < 0 && !WouldBlock();
  if (gone || connection.to_send.empty()) {
    connections_.erase(found);
    return;
  }
  connection.descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                   [this, id](const asio::error_code& error) {
                                     if (!error) Send(id);
                                   });
}

}  // namespace libretto
