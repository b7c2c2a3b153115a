#include "agent/os/command.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/credential_name.h"
#include "base/unique_fd.h"

namespace libretto {
namespace {

constexpr int kFailedBefore = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

constexpr int kReadyFd = 3;
constexpr int kCommandFd = 4;
constexpr std::string_view kReady = "ready\n";
constexpr std::size_t kMaxReportBytes = 4096;

// In the child: only what is async-signal-safe, and no way back. `report` and
// `command` are above the numbers that they are moved to.
[[noreturn]] void BecomeAgent(int report, int command, const char* log_file) {
  // Ctrl-C is for the command; and a command that waits for its children must
  // not find one that it has not started.
  if (setsid() < 0 || fork() != 0) _exit(0);
  const int null = open("/dev/null", O_RDWR);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) dup2(null, fd);
  if (dup2(report, kReadyFd) < 0 || dup2(command, kCommandFd) < 0) _exit(1);
  close_range(kCommandFd + 1, UINT_MAX, 0);
  if (chdir("/") != 0) _exit(1);
  execl("/proc/self/exe", "libretto-agent", "serve", "--ready-fd", "3",
        "--until-fd", "4", "--log-file", log_file, nullptr);
  _exit(1);
}

std::string ReadToEnd(int fd) {
  std::string text;
  while (text.size() < kMaxReportBytes) {
    std::array<char, 512> buffer{};
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

Status StatusOfReport(std::string_view report, const Paths& paths) {
  if (report == kReady) return OkStatus();
  if (report.empty()) {
    return Internal("the agent ended while it was starting; its log is " +
                    paths.log_file);
  }
  const std::size_t end = std::min(report.find('\n'), report.size());
  Status why = Internal(report.substr(0, end));
  std::string_view remedy = report.substr(std::min(end + 1, report.size()));
  remedy = remedy.substr(0, remedy.find('\n'));
  return remedy.empty() ? why : WithRemedy(std::move(why), remedy);
}

// A descriptor of `fd`'s above those that BecomeAgent() gives away.
UniqueFd MovedUp(UniqueFd fd) {
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, kCommandFd + 1));
}

// An agent that ends with this process; OK when it is ready.
Status StartAgent(const Paths& paths) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return FromErrno(errno, "cannot make a pipe");
  }
  const UniqueFd report(ends[0]);
  UniqueFd report_to = MovedUp(UniqueFd(ends[1]));
  const UniqueFd self =
      MovedUp(UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0))));
  if (!report_to.valid() || !self.valid()) {
    return FromErrno(errno, "cannot watch this process");
  }
  const pid_t child = fork();
  if (child < 0) return FromErrno(errno, "cannot start a process");
  if (child == 0) {
    BecomeAgent(report_to.get(), self.get(), paths.log_file.c_str());
  }
  report_to.Reset();
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return StatusOfReport(ReadToEnd(report.get()), paths);
}

}  // namespace

CommandFailure RunWithAgent(char** command, const Paths& paths) {
  const Status started = StartAgent(paths);
  if (!started.ok()) return {kFailedBefore, started};
  const std::optional<std::string> socket = SocketOfRunningAgent(paths);
  if (!socket.has_value()) {
    return {kFailedBefore, Internal("the agent has ended again; its log is " +
                                    paths.log_file)};
  }
  setenv("LIBRETTO_AGENT_SOCK", socket->c_str(), 1);
  execvp(command[0], command);
  const int error = errno;
  return {error == ENOENT ? kNotFound : kNotExecutable,
          FromErrno(error, "cannot run " + Printable(command[0]))};
}

}  // namespace libretto
