#include "agent/os/syscall_filter.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <seccomp.h>

namespace libretto {
namespace {

// Always allowed. Grouped by what they are for; names that the library does
// not know yet are missing, and then refused.
//
// Nothing by a path that Landlock does not look at: chmod, utime, and, before
// its ABI 3, truncate.
constexpr int kFiles[] = {
    SCMP_SYS(access),      SCMP_SYS(close),
    SCMP_SYS(close_range), SCMP_SYS(dup),
    SCMP_SYS(dup2),        SCMP_SYS(dup3),
    SCMP_SYS(faccessat),   SCMP_SYS(faccessat2),
    SCMP_SYS(fadvise64),   SCMP_SYS(fallocate),
    SCMP_SYS(fchmod),      SCMP_SYS(fdatasync),
    SCMP_SYS(flock),       SCMP_SYS(fstat),
    SCMP_SYS(fstatfs),     SCMP_SYS(fsync),
    SCMP_SYS(ftruncate),   SCMP_SYS(getcwd),
    SCMP_SYS(getdents),    SCMP_SYS(getdents64),
    SCMP_SYS(link),        SCMP_SYS(linkat),
    SCMP_SYS(lseek),       SCMP_SYS(lstat),
    SCMP_SYS(mkdir),       SCMP_SYS(mkdirat),
    SCMP_SYS(newfstatat),  SCMP_SYS(open),
    SCMP_SYS(openat),      SCMP_SYS(openat2),
    SCMP_SYS(pipe),        SCMP_SYS(pipe2),
    SCMP_SYS(pread64),     SCMP_SYS(preadv),
    SCMP_SYS(preadv2),     SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),     SCMP_SYS(pwritev2),
    SCMP_SYS(read),        SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),  SCMP_SYS(readv),
    SCMP_SYS(rename),      SCMP_SYS(renameat),
    SCMP_SYS(renameat2),   SCMP_SYS(sendfile),
    SCMP_SYS(stat),        SCMP_SYS(statfs),
    SCMP_SYS(statx),       SCMP_SYS(sync_file_range),
    SCMP_SYS(umask),       SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),    SCMP_SYS(write),
    SCMP_SYS(writev),
};
constexpr int kSockets[] = {
    SCMP_SYS(accept),     SCMP_SYS(accept4),     SCMP_SYS(bind),
    SCMP_SYS(connect),    SCMP_SYS(getpeername), SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt), SCMP_SYS(listen),      SCMP_SYS(recvfrom),
    SCMP_SYS(recvmmsg),   SCMP_SYS(recvmsg),     SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),   SCMP_SYS(socketpair),
};
constexpr int kWaiting[] = {
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(epoll_create),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(eventfd),
    SCMP_SYS(eventfd2),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_rm_watch),
    SCMP_SYS(nanosleep),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pselect6),
    SCMP_SYS(select),
    SCMP_SYS(signalfd4),
    SCMP_SYS(time),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(times),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
};
constexpr int kMemoryAndThreads[] = {
    SCMP_SYS(brk),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(getcpu),
    SCMP_SYS(gettid),
    SCMP_SYS(madvise),
    SCMP_SYS(membarrier),
    SCMP_SYS(mincore),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2),
    SCMP_SYS(mremap),
    SCMP_SYS(msync),
    SCMP_SYS(munlock),
    SCMP_SYS(munmap),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(sigaltstack),
};
constexpr int kAboutItself[] = {
    SCMP_SYS(capget),    SCMP_SYS(getegid),   SCMP_SYS(geteuid),
    SCMP_SYS(getgid),    SCMP_SYS(getgroups), SCMP_SYS(getpgid),
    SCMP_SYS(getpgrp),   SCMP_SYS(getpid),    SCMP_SYS(getppid),
    SCMP_SYS(getrandom), SCMP_SYS(getresgid), SCMP_SYS(getresuid),
    SCMP_SYS(getrlimit), SCMP_SYS(getrusage), SCMP_SYS(getsid),
    SCMP_SYS(getuid),    SCMP_SYS(setrlimit), SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Adds up what libseccomp says of rules, so that one look at the end will do.
class Rules {
 public:
  explicit Rules(const Filter& filter) : filter_(filter.get()) {}

  template <typename... Conditions>
  void Allow(int call, Conditions... conditions) {
    Add(SCMP_ACT_ALLOW, call, conditions...);
  }

  template <std::size_t kCount>
  void AllowAll(const int (&calls)[kCount]) {
    for (const int call : calls) Allow(call);
  }

  template <typename... Conditions>
  void Add(std::uint32_t action, int call, Conditions... conditions) {
    const int result = seccomp_rule_add(filter_, action, call,
                                        sizeof...(conditions), conditions...);
    if (result != 0 && first_error_ == 0) first_error_ = result;
  }

  int first_error() const { return first_error_; }

 private:
  const scmp_filter_ctx filter_;
  int first_error_ = 0;
};

scmp_arg_cmp Equals(unsigned argument, std::uint64_t value) {
  return scmp_arg_cmp{argument, SCMP_CMP_EQ, value, 0};
}

// The bits of `mask` in the argument are those of `value`.
scmp_arg_cmp BitsAre(unsigned argument, std::uint64_t mask,
                     std::uint64_t value) {
  return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// Netlink, packets and the kernel's own sockets are left out. getaddrinfo()
// does without netlink.
void AllowSockets(Rules& rules) {
  rules.Allow(SCMP_SYS(socket), Equals(0, AF_UNIX));
  // Not MPTCP and its like: Landlock's rules about ports do not see them.
  for (const int family : {AF_INET, AF_INET6}) {
    for (const int protocol : {0, int{IPPROTO_TCP}, int{IPPROTO_UDP}}) {
      rules.Allow(SCMP_SYS(socket),
                  Equals(0, static_cast<std::uint64_t>(family)),
                  Equals(2, static_cast<std::uint64_t>(protocol)));
    }
  }
  // MSG_FASTOPEN connects, and Landlock does not see that either.
  rules.Allow(SCMP_SYS(sendto), BitsAre(3, MSG_FASTOPEN, 0));
  rules.Allow(SCMP_SYS(sendmsg), BitsAre(2, MSG_FASTOPEN, 0));
  rules.Allow(SCMP_SYS(sendmmsg), BitsAre(3, MSG_FASTOPEN, 0));
}

void AllowBounded(Rules& rules) {
  // Threads, not processes. The arguments of clone3() cannot be looked at;
  // glibc takes clone() when there is no such call.
  rules.Allow(SCMP_SYS(clone), BitsAre(0, CLONE_THREAD, CLONE_THREAD));
  rules.Add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));

  // abort() and raise(), and no signal to anybody else.
  const auto self = static_cast<std::uint64_t>(getpid());
  rules.Allow(SCMP_SYS(tgkill), Equals(0, self));
  rules.Allow(SCMP_SYS(kill), Equals(0, self));

  // Not F_SETOWN and F_SETSIG, which send any signal to anybody.
  for (const int command : {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL,
                            F_SETFL, F_GETLK, F_SETLK, F_SETLKW}) {
    rules.Allow(SCMP_SYS(fcntl),
                Equals(1, static_cast<std::uint64_t>(command)));
  }
  AllowSockets(rules);

  // Anonymous memory is written or executed, never one after the other:
  // libraries come from files (NSS, OpenSSL's providers).
  rules.Allow(SCMP_SYS(mmap), BitsAre(2, PROT_EXEC, 0));
  rules.Allow(SCMP_SYS(mmap), BitsAre(2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
              BitsAre(3, MAP_ANONYMOUS, 0));
  rules.Allow(SCMP_SYS(mprotect), BitsAre(2, PROT_EXEC, 0));

  for (const int request : {FIONBIO, FIONREAD, FIOCLEX, TCGETS, TIOCGWINSZ}) {
    rules.Allow(SCMP_SYS(ioctl),
                Equals(1, static_cast<std::uint64_t>(request)));
  }
  // Above all not PR_SET_DUMPABLE.
  for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE,
                           PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS}) {
    rules.Allow(SCMP_SYS(prctl), Equals(0, static_cast<std::uint64_t>(option)));
  }
  rules.Allow(SCMP_SYS(prlimit64), Equals(0, 0));
}

// Two calls that fail otherwise, or do nothing, where no filter is.
bool Holds() {
  return prctl(PR_GET_SECCOMP) == 2 &&
         syscall(SYS_execve, nullptr, nullptr, nullptr) != 0 &&
         errno == EPERM && syscall(SYS_unshare, 0) != 0 && errno == EPERM;
}

}  // namespace

StatusOr<Confined> FilterSystemCalls() {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (filter == nullptr) return Internal("cannot make a system call filter");
  Rules rules(filter);
  rules.AllowAll(kFiles);
  rules.AllowAll(kSockets);
  rules.AllowAll(kWaiting);
  rules.AllowAll(kMemoryAndThreads);
  rules.AllowAll(kAboutItself);
  AllowBounded(rules);
  // Other instruction sets number their calls differently.
  const int bad_arch = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH,
                                        SCMP_ACT_KILL_PROCESS);
  // Searched as a tree, not from the first to the last.
  const int tree = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (rules.first_error() != 0 || bad_arch != 0 || tree != 0) {
    return Internal("the system call filter cannot be built");
  }
  const int loaded = seccomp_load(filter.get());
  if (loaded == -ENOSYS || loaded == -EINVAL || loaded == -ECANCELED) {
    return Confined::kUnsupported;
  }
  if (loaded != 0) return FromErrno(-loaded, "cannot filter system calls");
  if (!Holds()) return Internal("the system call filter does not hold");
  return Confined::kYes;
}

}  // namespace libretto
