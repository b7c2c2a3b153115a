#include "client/delivery/supervisor.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "client/delivery/fate.h"

namespace libretto {
namespace {

bool IsOpen(int fd) {
  const int flags = fcntl(fd, F_GETFD);
  // What main() has put in the place of a closed one has FD_CLOEXEC.
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

bool IsTerminal(int fd) { return IsOpen(fd) && isatty(fd) == 1; }

bool AreSame(int a, int b) {
  struct stat one {};
  struct stat other {};
  return fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

}  // namespace

Status Supervisor::Start(const Masker* masker,
                         absl::FunctionRef<void()> become) {
  std::vector<UniqueFd> theirs;
  if (masker != nullptr) {
    StatusOr<std::vector<UniqueFd>> redirected = Redirect(*masker);
    if (!redirected.ok()) return redirected.status();
    theirs = *std::move(redirected);
  }
  const auto become_it = [&] {
    for (const Redirection& redirection : redirections_) {
      dup2(redirection.by, redirection.fd);
    }
    signals_.GiveBack();
    become();
  };
  if (!on_pty()) return StartHere(become_it);
  if (typed_at_.has_value()) typed_at_->MakeTransparent();
  StatusOr<SessionOnPty> session = StartOnPty(theirs.front().get(), become_it);
  if (!session.ok()) return session.status();
  command_ = session->command;
  statuses_ = std::move(session->statuses);
  fcntl(statuses_.get(), F_SETFL, O_NONBLOCK);
  return OkStatus();
}

StatusOr<std::vector<UniqueFd>> Supervisor::Redirect(const Masker& masker) {
  std::vector<UniqueFd> theirs;
  Status redirected = OkStatus();
  if (IsTerminal(STDOUT_FILENO)) {
    redirected = RedirectToPty(STDOUT_FILENO, masker, theirs);
  } else if (IsTerminal(STDERR_FILENO)) {
    redirected = RedirectToPty(STDERR_FILENO, masker, theirs);
  }
  if (!redirected.ok()) return redirected;
  const bool has_out = IsOpen(STDOUT_FILENO) && !IsTerminal(STDOUT_FILENO);
  const bool has_err = IsOpen(STDERR_FILENO) && !IsTerminal(STDERR_FILENO);
  if (has_out) redirected = RedirectToPipe(STDOUT_FILENO, masker, theirs);
  if (!redirected.ok()) return redirected;
  if (has_out && has_err && AreSame(STDOUT_FILENO, STDERR_FILENO)) {
    // One place, and one order.
    redirections_.push_back({STDERR_FILENO, redirections_.back().by});
  } else if (has_err) {
    redirected = RedirectToPipe(STDERR_FILENO, masker, theirs);
  }
  if (!redirected.ok()) return redirected;
  return theirs;
}

// Every descriptor that is a terminal becomes one and the same other terminal.
Status Supervisor::RedirectToPty(int terminal, const Masker& masker,
                                 std::vector<UniqueFd>& theirs) {
  const bool is_typed_through = IsTerminal(STDIN_FILENO);
  StatusOr<Pty> pty = OpenPtyLike(terminal, is_typed_through);
  if (!pty.ok()) return pty.status();
  UniqueFd read_from(fcntl(pty->ours.get(), F_DUPFD_CLOEXEC, 3));
  if (!read_from.valid()) return FromErrno(errno, "cannot make a terminal");
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (IsTerminal(fd)) redirections_.push_back({fd, pty->theirs.get()});
  }
  outputs_.emplace_back(std::move(read_from), terminal, masker);
  pty_ = std::move(pty->ours);
  shown_on_ = terminal;
  if (is_typed_through) typed_at_.emplace(STDIN_FILENO);
  theirs.push_back(std::move(pty->theirs));
  return OkStatus();
}

Status Supervisor::RedirectToPipe(int fd, const Masker& masker,
                                  std::vector<UniqueFd>& theirs) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return FromErrno(errno, "cannot make a pipe");
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  outputs_.emplace_back(UniqueFd(ends[0]), fd, masker);
  redirections_.push_back({fd, ends[1]});
  theirs.emplace_back(ends[1]);
  return OkStatus();
}

Status Supervisor::StartHere(absl::FunctionRef<void()> become) {
  const pid_t us = getpid();
  command_ = fork();
  if (command_ < 0) return FromErrno(errno, "cannot start a process");
  if (command_ > 0) return OkStatus();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == us) become();
  _exit(1);
}

std::optional<int> Supervisor::Run(int wake_fd,
                                   std::optional<Deadline> deadline) {
  while (!ended_.has_value()) {
    std::vector<pollfd> wanted = Wanted(wake_fd);
    poll(wanted.data(), wanted.size(), Patience(deadline));
    HandleSignals();
    ReadStatuses();
    PassOnWhatIsTyped();
    for (MaskedOutput& output : outputs_) output.Go();
    if (ended_.has_value()) break;
    if (wake_fd >= 0 && (wanted.front().revents != 0)) return std::nullopt;
    if (deadline.has_value() && Remaining(*deadline).count() == 0) {
      return std::nullopt;
    }
  }
  return ended_;
}

std::vector<pollfd> Supervisor::Wanted(int wake_fd) const {
  std::vector<pollfd> wanted = {{wake_fd, POLLIN, 0},
                                {signals_.fd(), POLLIN, 0}};
  if (statuses_.valid()) wanted.push_back({statuses_.get(), POLLIN, 0});
  if (typed_at_.has_value() && typed_at_->is_transparent()) {
    if (typed_.empty()) {
      wanted.push_back({typed_at_->fd(), POLLIN, 0});
    } else {
      wanted.push_back({pty_.get(), POLLOUT, 0});
    }
  }
  for (const MaskedOutput& output : outputs_) output.Want(wanted);
  return wanted;
}

int Supervisor::Patience(std::optional<Deadline> deadline) const {
  for (const MaskedOutput& output : outputs_) {
    const auto flush_at = output.flush_at();
    if (flush_at.has_value()) {
      deadline = std::min(deadline.value_or(*flush_at), *flush_at);
    }
  }
  return deadline.has_value() ? static_cast<int>(Remaining(*deadline).count())
                              : -1;
}

void Supervisor::HandleSignals() {
  while (const auto signal = signals_.Next()) Handle(*signal);
}

void Supervisor::Handle(const signalfd_siginfo& signal) {
  const int number = static_cast<int>(signal.ssi_signo);
  const bool from_kernel = signal.ssi_code > 0;
  if (number == SIGCHLD) {
    int status = 0;
    while (!on_pty() && !ended_.has_value() &&
           waitpid(command_, &status, WNOHANG | WUNTRACED) > 0) {
      Learn(status);
    }
    return;
  }
  if (number == SIGCONT) return Continue();
  if (on_pty() && number == SIGWINCH) {
    // The command's terminal tells it.
    return CopyWindowSize(shown_on_, pty_.get());
  }
  // Its own group has got it already: it has said so itself.
  if (!from_kernel && static_cast<pid_t>(signal.ssi_pid) == command_) return;
  if (!from_kernel) return Send(number);
  if (number == SIGHUP && (on_pty() || getsid(0) == getpid())) {
    return Send(number);
  }
  // From a terminal that is not typed at through us. Elsewhere the command is
  // in the group that has got it.
  const bool is_key =
      number == SIGINT || number == SIGQUIT || number == SIGTSTP;
  if (on_pty() && is_key) kill(-command_, number);
}

void Supervisor::Send(int signal) const {
  if (!ended_.has_value()) kill(command_, signal);
}

void Supervisor::ReadStatuses() {
  while (statuses_.valid() && !ended_.has_value()) {
    int status = 0;
    const ssize_t count = read(statuses_.get(), &status, sizeof(status));
    if (count < 0) return;
    if (count == 0) {
      // Somebody has killed the session's leader; the kernel hangs up on the
      // command then.
      statuses_.Reset();
      ended_ = SIGKILL;
      return;
    }
    Learn(status);
  }
}

void Supervisor::Learn(int wait_status) {
  if (!WIFSTOPPED(wait_status)) {
    ended_ = wait_status;
    return;
  }
  for (MaskedOutput& output : outputs_) output.WriteAll();
  if (typed_at_.has_value()) typed_at_->PutBack();
  StopLike(WSTOPSIG(wait_status));
  Continue();
}

void Supervisor::Continue() {
  if (!on_pty()) {
    // Whoever continued us may have meant this process alone.
    kill(command_, SIGCONT);
    return;
  }
  CopyWindowSize(shown_on_, pty_.get());
  if (typed_at_.has_value()) typed_at_->MakeTransparent();
  kill(-command_, SIGCONT);
}

void Supervisor::PassOnWhatIsTyped() {
  if (!typed_at_.has_value() || !typed_at_->is_transparent()) return;
  pollfd about{typed_at_->fd(), POLLIN, 0};
  if (typed_.empty() && poll(&about, 1, 0) > 0) {
    std::array<char, 1024> buffer{};
    const ssize_t count = read(typed_at_->fd(), buffer.data(), buffer.size());
    if (count > 0) {
      typed_.assign(buffer.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      // The terminal is gone; a signal tells the command so.
      typed_at_.reset();
      return;
    }
  }
  if (typed_.empty()) return;
  const ssize_t count = write(pty_.get(), typed_.data(), typed_.size());
  if (count > 0) typed_.erase(0, static_cast<std::size_t>(count));
}

void Supervisor::WriteAll() {
  for (MaskedOutput& output : outputs_) output.WriteAll();
}

void Supervisor::EndAsItDid(int wait_status) {
  WriteAll();
  typed_at_.reset();
  const bool is_all =
      std::all_of(outputs_.begin(), outputs_.end(),
                  [](const MaskedOutput& output) { return output.closed(); });
  if (is_all || fork() != 0) EndLike(wait_status);
  // In the process that stays.
  for (;;) {
    std::vector<pollfd> wanted;
    for (const MaskedOutput& output : outputs_) output.Want(wanted);
    if (wanted.empty()) _exit(0);
    poll(wanted.data(), wanted.size(), Patience(std::nullopt));
    for (MaskedOutput& output : outputs_) output.Go();
  }
}

}  // namespace libretto
