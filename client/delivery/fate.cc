#include "client/delivery/fate.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace libretto {
namespace {

// Lets `signal` do to this process what it does by default.
void TakeByDefault(int signal) {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  struct sigaction before {};
  sigaction(signal, &by_default, &before);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  sigset_t blocked;
  kill(getpid(), signal);
  // Here it arrives.
  sigprocmask(SIG_UNBLOCK, &only, &blocked);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
  sigaction(signal, &before, nullptr);
}

}  // namespace

void EndLike(int wait_status) {
  if (WIFEXITED(wait_status)) _exit(WEXITSTATUS(wait_status));
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);
  TakeByDefault(WTERMSIG(wait_status));
  // As shells put it, should the signal not have ended us.
  _exit(128 + WTERMSIG(wait_status));
}

void StopLike(int signal) { TakeByDefault(signal); }

}  // namespace libretto
