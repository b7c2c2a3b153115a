// Supervisor: stays behind while a command runs, and is as little noticed as
// can be. Signals that somebody sends to this process go to the command; what
// becomes of the command becomes of this process; whoever kills this process
// with SIGKILL kills the command.
//
// Without masking the command has our own descriptors, process group and
// terminal, and what a terminal sends reaches it without us. With masking its
// output goes through here. Where that would have been a terminal, the command
// gets one of its own, and what is typed goes to that.
//
// Not thread-safe; owns this process's signals. One at a time.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/deadline.h"
#include "base/errors.h"
#include "base/unique_fd.h"
#include "client/delivery/masked_output.h"
#include "client/delivery/masker.h"
#include "client/delivery/pty.h"
#include "client/delivery/signal_queue.h"

namespace libretto {

class Supervisor {
 public:
  explicit Supervisor(SignalQueue& signals) : signals_(signals) {}
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // `become` makes a new process the command, or ends it. `masker` is null
  // where nothing is masked and otherwise lives longer than this.
  Status Start(const Masker* masker, absl::FunctionRef<void()> become);

  // Until the command has ended: its wait status. Nothing when `wake_fd` has
  // become readable or `deadline` has passed before.
  std::optional<int> Run(int wake_fd, std::optional<Deadline> deadline);

  void Send(int signal) const;

  // Ends this process as the command has ended, with everything written that
  // it wrote. What it has left running goes on writing through a process that
  // stays for that.
  [[noreturn]] void EndAsItDid(int wait_status);

  // Everything that the command wrote is written.
  void WriteAll();

 private:
  bool on_pty() const { return pty_.valid(); }
  // What the command gets in the place of our descriptors; they have to be
  // open until it has started.
  StatusOr<std::vector<UniqueFd>> Redirect(const Masker& masker);
  Status RedirectToPty(int terminal, const Masker& masker,
                       std::vector<UniqueFd>& theirs);
  Status RedirectToPipe(int fd, const Masker& masker,
                        std::vector<UniqueFd>& theirs);
  Status StartHere(absl::FunctionRef<void()> become);
  std::vector<pollfd> Wanted(int wake_fd) const;
  int Patience(std::optional<Deadline> deadline) const;
  void HandleSignals();
  void Handle(const signalfd_siginfo& signal);
  void ReadStatuses();
  void Learn(int wait_status);
  void Continue();
  void PassOnWhatIsTyped();

  SignalQueue& signals_;
  pid_t command_ = -1;
  std::optional<int> ended_;  // its wait status

  UniqueFd pty_;       // our side
  UniqueFd statuses_;  // of the session on it
  int shown_on_ = -1;  // the terminal that it stands for
  std::optional<TransparentTerminal> typed_at_;
  std::string typed_;  // and not passed on yet

  std::vector<MaskedOutput> outputs_;
  // In the command: descriptor 0, 1 or 2, and what takes its place.
  struct Redirection {
    int fd;
    int by;
  };
  std::vector<Redirection> redirections_;
};

}  // namespace libretto
