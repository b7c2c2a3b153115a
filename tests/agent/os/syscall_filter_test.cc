// System calls that the agent must not be able to make, each tried.
#include "agent/os/syscall_filter.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include <gtest/gtest.h>

#include "tests/agent/os/confined.h"

namespace libretto {
namespace {

using testing::SaidInSandbox;

struct Forbidden {
  const char* name;
  long number;
};
#define CALL(name) \
  { #name, SYS_##name }

// With zeros for arguments; none of them does harm where it is not refused.
constexpr Forbidden kForbidden[] = {
    // Other programs and processes.
    CALL(execve),
    CALL(execveat),
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(process_vm_writev),
    CALL(pidfd_getfd),
    CALL(pidfd_send_signal),
    CALL(kcmp),
    CALL(process_madvise),
    CALL(process_mrelease),
    CALL(rt_sigqueueinfo),
    CALL(rt_tgsigqueueinfo),
    CALL(tkill),
    // Namespaces, mounts.
    CALL(unshare),
    CALL(setns),
    CALL(mount),
    CALL(umount2),
    CALL(pivot_root),
    CALL(chroot),
    CALL(open_tree),
    CALL(move_mount),
    CALL(fsopen),
    // The machine.
    CALL(swapon),
    CALL(swapoff),
    CALL(init_module),
    CALL(finit_module),
    CALL(delete_module),
    CALL(kexec_load),
    CALL(iopl),
    CALL(ioperm),
    CALL(sethostname),
    CALL(setdomainname),
    CALL(settimeofday),
    CALL(clock_settime),
    CALL(adjtimex),
    CALL(acct),
    CALL(quotactl),
    CALL(syslog),
    // Rights.
    CALL(setuid),
    CALL(setgid),
    CALL(setreuid),
    CALL(setresuid),
    CALL(setgroups),
    CALL(setfsuid),
    CALL(capset),
    CALL(personality),
    CALL(seccomp),
    CALL(landlock_create_ruleset),
    CALL(landlock_restrict_self),
    // Where the kernel has had most of its holes.
    CALL(bpf),
    CALL(perf_event_open),
    CALL(userfaultfd),
    CALL(io_uring_setup),
    CALL(io_uring_enter),
    CALL(io_uring_register),
    CALL(keyctl),
    CALL(add_key),
    CALL(request_key),
    CALL(fanotify_init),
    CALL(name_to_handle_at),
    CALL(open_by_handle_at),
    CALL(modify_ldt),
    // Files without a name, devices, other people's.
    CALL(memfd_create),
    CALL(memfd_secret),
    CALL(mknod),
    CALL(mknodat),
    CALL(symlink),
    CALL(symlinkat),
    CALL(chown),
    CALL(fchownat),
    // What Landlock does not see of files, or not before its ABI 3.
    CALL(chmod),
    CALL(fchmodat),
    CALL(truncate),
    CALL(utimensat),
    CALL(rmdir),
    CALL(shmget),
    CALL(mq_open),
    CALL(setxattr),
    CALL(vmsplice),
};
#undef CALL

std::string Unless(bool refused, const char* what) {
  return refused ? "" : std::string(what) + "; ";
}

bool IsRefused(long result, int error = EPERM) {
  return result < 0 && errno == error;
}

TEST(SyscallFilterTest, TheListIsLongEnough) {
  EXPECT_GE(std::size(kForbidden), 40U);
}

TEST(SyscallFilterTest, RefusesWhatAnAgentHasNoUseFor) {
  EXPECT_EQ(SaidInSandbox({},
                          [] {
                            std::string possible;
                            for (const Forbidden& call : kForbidden) {
                              const long result =
                                  syscall(call.number, 0, 0, 0, 0, 0, 0);
                              possible += Unless(IsRefused(result), call.name);
                            }
                            return possible;
                          }),
            "");
}

TEST(SyscallFilterTest, NoProcessIsMade) {
  EXPECT_EQ(
      SaidInSandbox(
          {},
          [] {
            // Whoever is a child after all has to be gone.
            const pid_t parent = getpid();
            const auto made = [parent](long result, int error) {
              if (getpid() != parent) _exit(0);
              return !IsRefused(result, error);
            };
            std::string possible;
            possible += Unless(!made(syscall(SYS_fork), EPERM), "fork");
            possible += Unless(
                !made(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM), "clone");
            possible += Unless(
                !made(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
                      EPERM),
                "clone with a new namespace");
            possible += Unless(!made(syscall(SYS_clone3, nullptr, 0), ENOSYS),
                               "clone3");
            char program[] = "/usr/bin/id";
            char* argv[] = {program, nullptr};
            pid_t child = 0;
            possible += Unless(posix_spawn(&child, program, nullptr, nullptr,
                                           argv, nullptr) != 0,
                               "posix_spawn");
            return possible;
          }),
      "");
}

TEST(SyscallFilterTest, NobodyElseIsSignalled) {
  EXPECT_EQ(
      SaidInSandbox(
          {},
          [] {
            return Unless(IsRefused(kill(getppid(), 0)), "kill the parent") +
                   Unless(IsRefused(kill(-1, 0)), "kill everybody") +
                   Unless(
                       IsRefused(syscall(SYS_tgkill, getppid(), getppid(), 0)),
                       "tgkill") +
                   Unless(IsRefused(fcntl(0, F_SETOWN, getppid())),
                          "have a file signal the parent") +
                   Unless(IsRefused(fcntl(0, F_SETSIG, SIGKILL)),
                          "choose the signal") +
                   Unless(kill(getpid(), 0) == 0, "not even itself");
          }),
      "");
}

TEST(SyscallFilterTest, NoMemoryIsWrittenAndExecuted) {
  EXPECT_EQ(
      SaidInSandbox({},
                    [] {
                      constexpr std::size_t kSize = 4096;
                      const auto map = [](int protection) {
                        return mmap(nullptr, kSize, protection,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                      };
                      void* const page = map(PROT_READ | PROT_WRITE);
                      std::string possible;
                      possible += Unless(
                          map(PROT_WRITE | PROT_EXEC) == MAP_FAILED, "map wx");
                      possible += Unless(
                          map(PROT_READ | PROT_EXEC) == MAP_FAILED, "map rx");
                      possible += Unless(
                          mprotect(page, kSize, PROT_READ | PROT_EXEC) != 0,
                          "make executable");
                      possible += Unless(page != MAP_FAILED, "not even memory");
                      return possible;
                    }),
      "");
}

TEST(SyscallFilterTest, StaysUnreadableAndWithoutCore) {
  EXPECT_EQ(SaidInSandbox(
                {},
                [] {
                  const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
                  std::string possible;
                  possible +=
                      Unless(IsRefused(prctl(PR_SET_DUMPABLE, 1)), "dumpable");
                  possible += Unless(
                      IsRefused(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)),
                      "traceable");
                  possible += Unless(IsRefused(prctl(PR_SET_MM, 0)), "set_mm");
                  possible += Unless(IsRefused(syscall(SYS_prlimit64, getppid(),
                                                       RLIMIT_CORE, &limit, 0)),
                                     "limits of another process");
                  possible +=
                      Unless(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
                             "new privileges");
                  return possible;
                }),
            "");
}

TEST(SyscallFilterTest, SocketsAreUnixOrInternet) {
  EXPECT_EQ(
      SaidInSandbox(
          {},
          [] {
            std::string wrong;
            for (const int family :
                 {AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK, AF_KEY}) {
              wrong +=
                  Unless(IsRefused(socket(family, SOCK_RAW, 0)), "a socket");
            }
            for (const int family : {AF_INET, AF_INET6}) {
              wrong +=
                  Unless(IsRefused(socket(family, SOCK_STREAM, IPPROTO_MPTCP)),
                         "MPTCP");
            }
            for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
              wrong += Unless(socket(family, SOCK_STREAM, 0) >= 0, "no socket");
            }
            return wrong;
          }),
      "");
}

TEST(SyscallFilterTest, NothingIsSentWithoutAConnection) {
  EXPECT_EQ(SaidInSandbox(
                {},
                [] {
                  const int fd = socket(AF_INET, SOCK_STREAM, 0);
                  sockaddr_in to{};
                  to.sin_family = AF_INET;
                  to.sin_port = htons(9);
                  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                  msghdr message{};
                  return Unless(IsRefused(sendto(
                                    fd, "x", 1, MSG_FASTOPEN,
                                    reinterpret_cast<const sockaddr*>(&to),
                                    sizeof(to))),
                                "sendto") +
                         Unless(IsRefused(sendmsg(fd, &message, MSG_FASTOPEN)),
                                "sendmsg");
                }),
            "");
}

TEST(SyscallFilterTest, NothingIsTypedIntoTheTerminal) {
  EXPECT_EQ(SaidInSandbox({},
                          [] {
                            char byte = 'x';
                            return Unless(IsRefused(ioctl(0, TIOCSTI, &byte)),
                                          "TIOCSTI");
                          }),
            "");
}

}  // namespace
}  // namespace libretto
