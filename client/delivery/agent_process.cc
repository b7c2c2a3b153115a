#include "client/delivery/agent_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace libretto {
namespace {

constexpr std::string_view kBinary = "libretto-agent";
// Where the agent finds the pipe that it reports to.
constexpr int kReadyFd = 3;
constexpr std::string_view kReadyFdText = "3";
constexpr std::string_view kReady = "ready\n";
constexpr std::size_t kMaxReportBytes = 4096;

bool IsExecutable(const std::string& path) {
  return access(path.c_str(), X_OK) == 0;
}

StatusOr<std::string> FindBinary() {
  std::array<char, PATH_MAX> own{};
  const ssize_t size = readlink("/proc/self/exe", own.data(), own.size());
  if (size > 0) {
    std::string path(own.data(), static_cast<std::size_t>(size));
    path.resize(path.find_last_of('/') + 1);
    path += kBinary;
    if (IsExecutable(path)) return path;
  }
  const char* search = getenv("PATH");
  std::string_view rest(search == nullptr ? "" : search);
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    // A relative entry would run whatever lies in the current directory.
    if (!folder.starts_with('/')) continue;
    std::string path = std::string(folder) + "/" + std::string(kBinary);
    if (IsExecutable(path)) return path;
  }
  return NotFound(std::string(kBinary) +
                  " is neither beside this command nor in PATH");
}

std::vector<std::string> EnvironmentOf(AgentEnvironment kind) {
  // Bound at start: the lazy binder would leave plaintext on stacks.
  std::vector<std::string> entries = {"LD_BIND_NOW=1"};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("LD_BIND_NOW=")) continue;
    if (kind == AgentEnvironment::kInherited || IsPassedToAgent(text)) {
      entries.emplace_back(text);
    }
  }
  return entries;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the new process: only what is async-signal-safe, and no way back.
[[noreturn]] void BecomeAgent(int report_fd, char* const* arguments,
                              char* const* environment) {
  if (setsid() < 0 || fork() != 0) _exit(0);
  // Whoever waits for the end of a pipe that we were given must not wait for
  // the agent: nothing of ours stays open in it.
  const int null = open("/dev/null", O_RDWR);
  if (dup2(report_fd, kReadyFd) < 0) _exit(1);
  fcntl(kReadyFd, F_SETFD, 0);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) dup2(null, fd);
  close_range(kReadyFd + 1, UINT_MAX, 0);
  if (chdir("/") != 0) _exit(1);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD,
                           SIGTSTP, SIGTTIN, SIGTTOU}) {
    std::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(arguments[0], arguments, environment);
  static constexpr std::string_view kFailed = "libretto-agent cannot be run\n";
  (void)!write(kReadyFd, kFailed.data(), kFailed.size());
  _exit(127);
}

// What the agent reports until it closes the pipe; nothing when it does not in
// time.
std::optional<std::string> ReadReport(int fd, Deadline deadline) {
  std::string report;
  while (report.size() < kMaxReportBytes && report != kReady) {
    pollfd about{fd, POLLIN, 0};
    const int ready =
        poll(&about, 1, static_cast<int>(Remaining(deadline).count()));
    if (ready == 0) return std::nullopt;
    if (ready < 0) continue;
    std::array<char, 512> buffer{};
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    report.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return report;
}

Status StatusOfReport(const std::optional<std::string>& report,
                      const Paths& paths) {
  if (!report.has_value()) {
    return TooSlow("the agent did not become ready in time; its log is " +
                   paths.log_file);
  }
  if (*report == kReady) return OkStatus();
  if (report->empty()) {
    return Internal("the agent ended while it was starting; its log is " +
                    paths.log_file);
  }
  const std::string_view text(*report);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view message = text.substr(0, end);
  std::string_view remedy = text.substr(std::min(end + 1, text.size()));
  remedy = remedy.substr(0, remedy.find('\n'));
  Status status = Internal(message);
  return remedy.empty() ? status : WithRemedy(status, remedy);
}

UniqueFd OpenLock(const Paths& paths) {
  return UniqueFd(
      open(paths.lock_file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

}  // namespace

bool IsPassedToAgent(std::string_view environment_entry) {
  static constexpr std::string_view kNames[] = {"HOME",
                                                "USER",
                                                "LOGNAME",
                                                "PATH",
                                                "LANG",
                                                "TZ",
                                                "XDG_RUNTIME_DIR",
                                                "XDG_CONFIG_HOME",
                                                "XDG_STATE_HOME",
                                                "LIBRETTO_AGENT_SOCK",
                                                "ASAN_OPTIONS",
                                                "UBSAN_OPTIONS",
                                                "LSAN_OPTIONS",
                                                "TSAN_OPTIONS"};
  const std::string_view name =
      environment_entry.substr(0, environment_entry.find('='));
  return name.starts_with("LC_") ||
         std::find(std::begin(kNames), std::end(kNames), name) !=
             std::end(kNames);
}

bool IsAgentAlive(const Paths& paths) {
  const UniqueFd lock = OpenLock(paths);
  return lock.valid() && flock(lock.get(), LOCK_SH | LOCK_NB) != 0 &&
         errno == EWOULDBLOCK;
}

bool WaitUntilAgentIsGone(const Paths& paths, unsigned seconds) {
  const UniqueFd lock = OpenLock(paths);
  if (!lock.valid()) return true;
  struct sigaction interrupting {};  // without SA_RESTART
  interrupting.sa_handler = [](int) {};
  struct sigaction before {};
  sigaction(SIGALRM, &interrupting, &before);
  alarm(seconds);
  const bool gone = flock(lock.get(), LOCK_SH) == 0;
  alarm(0);
  sigaction(SIGALRM, &before, nullptr);
  return gone;
}

Status StartAgent(const Paths& paths, AgentEnvironment environment,
                  Deadline deadline) {
  StatusOr<std::string> binary = FindBinary();
  if (!binary.ok()) return binary.status();
  std::vector<std::string> arguments = {
      *std::move(binary),        "serve",      "--ready-fd",
      std::string(kReadyFdText), "--log-file", paths.log_file};
  std::vector<std::string> entries = EnvironmentOf(environment);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(entries);

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return FromErrno(errno, "cannot make a pipe");
  }
  const UniqueFd report(ends[0]);
  UniqueFd report_to(ends[1]);
  // Two forks: the agent is nobody's child, so that what `run` becomes never
  // has to wait for it.
  const pid_t child = fork();
  if (child < 0) return FromErrno(errno, "cannot start a process");
  if (child == 0) BecomeAgent(report_to.get(), argv.data(), envp.data());
  report_to.Reset();
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return StatusOfReport(ReadReport(report.get(), deadline), paths);
}

}  // namespace libretto
