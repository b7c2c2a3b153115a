#include "agent/os/instance_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace libretto {
namespace {

// A command that looks whether an agent is running holds the lock for a moment.
constexpr int kTries = 20;
constexpr int kTryEveryMs = 10;

std::string FirstLine(int fd) {
  std::array<char, 256> buffer{};
  const ssize_t count = pread(fd, buffer.data(), buffer.size(), 0);
  if (count <= 0) return "";
  const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

StatusOr<InstanceLock> InstanceLock::Acquire(const std::string& path) {
  UniqueFd fd(
      open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return FromErrno(errno, "cannot open " + path);
  for (int i = 0; i < kTries; ++i) {
    if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      return InstanceLock(std::move(fd));
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return FromErrno(errno, "cannot lock " + path);
    }
    poll(nullptr, 0, kTryEveryMs);
  }
  const std::string socket = FirstLine(fd.get());
  return WithRemedy(
      Conflict("an agent is already running" +
               (socket.empty() ? std::string() : ", on " + socket)),
      "librettoctl agent status");
}

Status InstanceLock::Announce(const std::string& socket) const {
  const std::string line = socket + "\n";
  if (ftruncate(fd_.get(), 0) != 0 ||
      pwrite(fd_.get(), line.data(), line.size(), 0) !=
          static_cast<ssize_t>(line.size())) {
    return FromErrno(errno, "cannot write the lock file");
  }
  return OkStatus();
}

}  // namespace libretto
