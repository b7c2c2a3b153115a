#include "agent/net/caller_process.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include "agent/net/readable.h"
#include "base/unique_fd.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  // Linux 6.5; Debian 12's headers are older
#endif

namespace libretto {
namespace {

// Of what follows the process's name in /proc/PID/stat the first is field 3.
constexpr int kFieldsBeforeStart = 19;

UniqueFd PidfdOf(int connection, pid_t pid) {
  int fd = -1;
  socklen_t size = sizeof(fd);
  if (getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0) {
    return UniqueFd(fd);
  }
  if (errno != ENOPROTOOPT) return {};
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

std::string ReadAll(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::array<char, 1024> text;
  const ssize_t count = read(fd.get(), text.data(), text.size());
  return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count))
                   : std::string();
}

// "PID (NAME) STATE ...": the name may hold spaces and parentheses itself.
void ParseStat(std::string_view stat, CallerProcess& process) {
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos ||
      close < open) {
    return;
  }
  process.name = stat.substr(open + 1, close - open - 1);
  std::string_view rest = stat.substr(close + 1);
  for (int i = 0; i < kFieldsBeforeStart; ++i) {
    const std::size_t space = rest.find(' ', 1);
    if (space == std::string_view::npos) return;
    rest.remove_prefix(space);
  }
  rest.remove_prefix(1);
  (void)std::from_chars(rest.data(), rest.data() + rest.size(),
                        process.start_ticks);
}

// The unified hierarchy's line, "0::/user.slice/...".
std::string CgroupIn(std::string_view text) {
  const std::size_t line = text.starts_with("0::") ? 0 : text.find("\n0::");
  if (line == std::string_view::npos) return {};
  text.remove_prefix(text.find("::", line) + 2);
  return std::string(text.substr(0, text.find('\n')));
}

std::string LinkAt(const std::string& link) {
  std::array<char, 1024> path;
  const ssize_t count = readlink(link.c_str(), path.data(), path.size());
  return count > 0 ? std::string(path.data(), static_cast<std::size_t>(count))
                   : std::string();
}

}  // namespace

CallerProcess ProcessBehind(int connection, pid_t pid,
                            const AskExecutable& ask_executable) {
  if (pid <= 0) return {};
  const UniqueFd pidfd = PidfdOf(connection, pid);
  if (!pidfd.valid()) return {};
  const std::string folder = "/proc/" + std::to_string(pid);
  CallerProcess process;
  // Somebody else looks while the rest is looked up here.
  const auto executable =
      ask_executable ? ask_executable(pid) : std::function<std::string()>();
  ParseStat(ReadAll(folder + "/stat"), process);
  process.cgroup = CgroupIn(ReadAll(folder + "/cgroup"));
  process.executable = executable ? executable() : LinkAt(folder + "/exe");
  // It lives, so the pid was its own all the time.
  return IsReadable(pidfd.get()) ? CallerProcess() : process;
}

}  // namespace libretto
