#include "client/delivery/by_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/files.h"
#include "base/unique_fd.h"
#include "client/delivery/by_descriptor.h"

namespace libretto {
namespace {

constexpr std::string_view kRemover = "remove-when-it-has-ended";
// Where the other process finds the pidfd of the one that it waits for, and
// the pipe that says whether it got as far as that.
constexpr int kPidFd = 3;
constexpr int kReportFd = 4;

void RemoveFolder(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

StatusOr<std::string> MakeFolder() {
  const char* runtime = getenv("XDG_RUNTIME_DIR");
  const std::string base(runtime == nullptr ? "" : runtime);
  struct statfs about {};
  const bool in_memory = base.starts_with('/') &&
                         statfs(base.c_str(), &about) == 0 &&
                         about.f_type == TMPFS_MAGIC;
  if (!in_memory) {
    return WithRemedy(
        Denied("XDG_RUNTIME_DIR names no tmpfs, and a value does not get onto "
               "a disk"),
        "librettoctl run --deliver fd ...");
  }
  const std::string ours = base + "/libretto";
  const Status is_private = EnsurePrivateDirectory(ours);
  if (!is_private.ok()) return is_private;
  std::string folder = ours + "/run-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return FromErrno(errno, "cannot make a folder in " + ours);
  }
  return folder;
}

// In the new process: only what is async-signal-safe, and no way back.
[[noreturn]] void BecomeRemover(int pidfd, int report, char* const* arguments) {
  // Two forks, so that the command has no child that it does not know.
  if (setsid() < 0) _exit(1);
  const pid_t remover = fork();
  if (remover != 0) _exit(remover < 0 ? 1 : 0);
  const int null = open("/dev/null", O_RDWR);
  // Above what they may be copied over.
  const int pid_copy = fcntl(pidfd, F_DUPFD_CLOEXEC, kReportFd + 1);
  const int report_copy = fcntl(report, F_DUPFD_CLOEXEC, kReportFd + 1);
  dup2(pid_copy, kPidFd);
  dup3(report_copy, kReportFd, O_CLOEXEC);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) dup2(null, fd);
  close_range(kReportFd + 1, UINT_MAX, 0);
  // Whatever ends a session or a service ends the command too, and then there
  // is something to do.
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    std::signal(signal, SIG_IGN);
  }
  char* const nothing[] = {nullptr};
  if (chdir("/") == 0) execve("/proc/self/exe", arguments, nothing);
  (void)!write(kReportFd, "", 1);
  _exit(127);
}

// Has `folder` removed when this process, or what it becomes, has ended.
Status RemoveAfterwards(std::string folder) {
  const UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  int ends[2];
  if (!self.valid() || pipe2(ends, O_CLOEXEC) != 0) {
    return FromErrno(errno, "cannot watch this process");
  }
  const UniqueFd report(ends[0]);
  UniqueFd report_to(ends[1]);
  std::string program = "librettoctl";
  std::string task(kRemover);
  char* const arguments[] = {program.data(), task.data(), folder.data(),
                             nullptr};
  const pid_t child = fork();
  if (child < 0) return FromErrno(errno, "cannot start a process");
  if (child == 0) BecomeRemover(self.get(), report_to.get(), arguments);
  report_to.Reset();
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  char failed = 0;
  const bool runs = ended == 0 && read(report.get(), &failed, 1) == 0;
  return runs ? OkStatus()
              : Internal(
                    "the process that removes the files cannot be "
                    "started, so none was written");
}

Status WriteNewFile(const std::string& path, std::string_view value) {
  const UniqueFd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid() || fchmod(fd.get(), 0600) != 0) {
    return FromErrno(errno, "cannot make " + path);
  }
  while (!value.empty()) {
    const ssize_t count = write(fd.get(), value.data(), value.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FromErrno(errno, "cannot write " + path);
    value.remove_prefix(static_cast<std::size_t>(count));
  }
  return OkStatus();
}

}  // namespace

Status DeliverByFile(const std::vector<Delivered>& credentials,
                     Environment& environment) {
  const StatusOr<std::string> folder = MakeFolder();
  if (!folder.ok()) return folder.status();
  // Before there is anything in it.
  const Status watched = RemoveAfterwards(*folder);
  if (!watched.ok()) {
    RemoveFolder(*folder);
    return watched;
  }
  std::size_t number = 0;
  for (const auto& [variable, name, value] : credentials) {
    // A variable of an env file may be no file's name.
    const std::string path = *folder + "/" + std::to_string(++number);
    const Status written = WriteNewFile(path, value.Reveal());
    if (!written.ok()) return written;
    SetFileVariable(variable, path, environment);
  }
  return OkStatus();
}

bool RemovedAfterwards(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2 || arguments[0] != kRemover) return false;
  // Somebody may have typed this: then there is no pidfd, and nothing to do.
  const bool is_pidfd =
      syscall(SYS_pidfd_send_signal, kPidFd, 0, nullptr, 0) == 0 ||
      errno != EBADF;
  if (!is_pidfd) return false;
  pollfd ended{kPidFd, POLLIN, 0};
  while (poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  RemoveFolder(arguments[1]);
  return true;
}

}  // namespace libretto
