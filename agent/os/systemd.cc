#include "agent/os/systemd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/notify_systemd.h"

namespace libretto {
namespace {

constexpr int kFirstPassedFd = 3;  // SD_LISTEN_FDS_START

std::optional<std::int64_t> NumberIn(const char* variable) {
  const char* const text = getenv(variable);
  if (text == nullptr) return std::nullopt;
  const char* const end = text + std::strlen(text);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

int OptionOf(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// Empty when it has none, or an abstract one.
std::string PathOf(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      size <= offsetof(sockaddr_un, sun_path)) {
    return "";
  }
  const std::size_t length = size - offsetof(sockaddr_un, sun_path);
  return {address.sun_path, strnlen(address.sun_path, length)};
}

}  // namespace

StatusOr<ActivatedSocket> TakeActivatedSocket() {
  const auto pid = NumberIn("LISTEN_PID");
  const auto count = NumberIn("LISTEN_FDS");
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    unsetenv(name);
  }
  if (pid != getpid() || !count.has_value()) {
    return WithRemedy(
        Invalid("--socket-activation is for systemd, which has passed no "
                "socket to this process"),
        "systemctl --user start libretto-agent.socket");
  }
  if (*count != 1) {
    return Invalid("systemd has passed " + std::to_string(*count) +
                   " sockets; the agent listens on one");
  }
  UniqueFd fd(kFirstPassedFd);
  if (OptionOf(fd.get(), SO_DOMAIN) != AF_UNIX ||
      OptionOf(fd.get(), SO_TYPE) != SOCK_STREAM ||
      OptionOf(fd.get(), SO_ACCEPTCONN) != 1) {
    return Invalid(
        "what systemd has passed is not a listening Unix stream socket");
  }
  std::string path = PathOf(fd.get());
  if (path.empty() || path.front() != '/') {
    return Invalid("the socket that systemd has passed has no path");
  }
  if (fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0 ||
      fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) {
    return FromErrno(errno, "cannot set up the socket of systemd");
  }
  return ActivatedSocket{std::move(fd), std::move(path)};
}

Watchdog::Watchdog(const Clock& clock) : clock_(clock) {
  const auto limit = NumberIn("WATCHDOG_USEC");
  const auto pid = NumberIn("WATCHDOG_PID");
  if (!limit.has_value() || *limit <= 0) return;
  if (pid.has_value() && *pid != getpid()) return;
  interval_ = std::chrono::microseconds(*limit / 2);
  next_ = clock_.Now() + interval_;
}

void Watchdog::Tick() {
  if (!next_.has_value() || clock_.Now() < *next_) return;
  NotifySystemd("WATCHDOG=1");
  next_ = clock_.Now() + interval_;
}

}  // namespace libretto
