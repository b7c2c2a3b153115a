#include "client/delivery/signal_queue.h"

#include <unistd.h>

#include "base/check.h"

namespace libretto {

SignalQueue::SignalQueue() : blocked_before_(), child_before_() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &blocked_before_);
  // Who ignores it is never told how a child has ended.
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &by_default, &child_before_);
  fd_.Reset(signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  LIBRETTO_CHECK(fd_.valid());
}

std::optional<signalfd_siginfo> SignalQueue::Next() {
  signalfd_siginfo next{};
  if (read(fd_.get(), &next, sizeof(next)) != sizeof(next)) return std::nullopt;
  return next;
}

void SignalQueue::GiveBack() const {
  sigaction(SIGCHLD, &child_before_, nullptr);
  sigprocmask(SIG_SETMASK, &blocked_before_, nullptr);
}

}  // namespace libretto
