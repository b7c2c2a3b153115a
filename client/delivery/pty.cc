#include "client/delivery/pty.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

namespace libretto {
namespace {

constexpr int kStatusesFd = 3;

// What waitpid() would have said.
int WaitStatus(const siginfo_t& info) {
  switch (info.si_code) {
    case CLD_EXITED:
      return (info.si_status & 0xff) << 8;
    case CLD_STOPPED:
      return info.si_status << 8 | 0x7f;
    case CLD_DUMPED:
      return info.si_status | 0x80;
    default:
      return info.si_status;
  }
}

void Report(int number) { (void)!write(kStatusesFd, &number, sizeof(number)); }

// In the leader of the new session; its signals are all blocked.
[[noreturn]] void Lead(pid_t command) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) close(fd);
  close_range(kStatusesFd + 1, UINT_MAX, 0);
  if (chdir("/") != 0) _exit(1);
  Report(command);
  siginfo_t info{};
  do {
    info = {};
    const auto id = static_cast<id_t>(command);
    // Looked at and left there: as long as the command is not reaped, nobody
    // else has its pid.
    if (waitid(P_PID, id, &info, WEXITED | WSTOPPED | WNOWAIT) < 0) _exit(1);
    if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
      waitid(P_PID, id, &info, WSTOPPED);
    }
    if (info.si_code != CLD_TRAPPED) Report(WaitStatus(info));
  } while (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED);
  close(kStatusesFd);
  prctl(PR_SET_PDEATHSIG, 0);
  std::signal(SIGHUP, SIG_DFL);
  sigset_t all_but_hup;
  sigfillset(&all_but_hup);
  sigdelset(&all_but_hup, SIGHUP);
  sigsuspend(&all_but_hup);
  _exit(0);
}

}  // namespace

StatusOr<Pty> OpenPtyLike(int terminal, bool is_typed_through) {
  Pty pty;
  pty.ours.Reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.ours.valid() || unlockpt(pty.ours.get()) != 0) {
    return FromErrno(errno, "cannot make a terminal");
  }
  pty.theirs.Reset(
      ioctl(pty.ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.theirs.valid()) return FromErrno(errno, "cannot make a terminal");
  fcntl(pty.ours.get(), F_SETFL, O_RDWR | O_NONBLOCK);
  termios mode{};
  if (tcgetattr(terminal, &mode) == 0) {
    if (!is_typed_through) mode.c_oflag &= ~static_cast<tcflag_t>(OPOST);
    tcsetattr(pty.theirs.get(), TCSANOW, &mode);
  }
  CopyWindowSize(terminal, pty.ours.get());
  return pty;
}

void CopyWindowSize(int from, int to) {
  winsize size{};
  if (ioctl(from, TIOCGWINSZ, &size) == 0) ioctl(to, TIOCSWINSZ, &size);
}

void TransparentTerminal::MakeTransparent() {
  if (is_transparent() || tcgetpgrp(fd_) != getpgrp()) return;
  termios mode{};
  if (tcgetattr(fd_, &mode) != 0) return;
  before_ = mode;
  cfmakeraw(&mode);
  tcsetattr(fd_, TCSADRAIN, &mode);
}

void TransparentTerminal::PutBack() {
  if (!is_transparent()) return;
  tcsetattr(fd_, TCSADRAIN, &*before_);
  before_.reset();
}

StatusOr<SessionOnPty> StartOnPty(int terminal,
                                  absl::FunctionRef<void()> become) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return FromErrno(errno, "cannot make a pipe");
  }
  SessionOnPty session;
  session.statuses.Reset(ends[0]);
  UniqueFd report_to(ends[1]);
  const pid_t us = getpid();
  const pid_t leader = fork();
  if (leader < 0) return FromErrno(errno, "cannot start a process");
  if (leader == 0) {
    // Whoever kills us kills the command, as if it were us.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != us || setsid() < 0) _exit(1);
    ioctl(terminal, TIOCSCTTY, 0);
    const pid_t command = fork();
    if (command < 0) _exit(1);
    // Both of us, because either may be the first to need it.
    const pid_t group = command == 0 ? getpid() : command;
    setpgid(group, group);
    tcsetpgrp(terminal, group);
    if (command == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      become();
      _exit(1);
    }
    dup2(report_to.get(), kStatusesFd);
    Lead(command);
  }
  report_to.Reset();
  int command = 0;
  while (read(session.statuses.get(), &command, sizeof(command)) < 0 &&
         errno == EINTR) {
  }
  if (command == 0) return Internal("cannot start a session on a terminal");
  session.command = command;
  return session;
}

}  // namespace libretto
