// SignalQueue: every signal that reaches this process, to be read from a
// descriptor instead of taking effect. What cannot be blocked (SIGKILL,
// SIGSTOP) is not there. One at a time; not thread-safe.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>

#include "base/unique_fd.h"

namespace libretto {

class SignalQueue {
 public:
  SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  int fd() const { return fd_.get(); }

  // The next one that has come, if there is one.
  std::optional<signalfd_siginfo> Next();

  // In a child: signals are what they were before there was a queue.
  void GiveBack() const;

 private:
  UniqueFd fd_;
  sigset_t blocked_before_;
  struct sigaction child_before_;
};

}  // namespace libretto
