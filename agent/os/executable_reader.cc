#include "agent/os/executable_reader.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <seccomp.h>

#include "agent/os/instrumented.h"

namespace libretto {
namespace {

// One answer is a look at /proc; who does not get it in time does without.
constexpr timeval kPatience{0, 100'000};
constexpr std::string_view kTitle = "libretto-agent: names callers";

struct Question {
  std::uint32_t number;  // of the question: a late answer is told from this
  pid_t pid;
};

struct Reply {
  std::uint32_t number;
  std::array<char, PATH_MAX> path;
};

bool Confine() {
  if (kInstrumented) return true;
  scmp_filter_ctx const filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) return false;
  bool added = true;
  for (const int call :
       {SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(readlink),
        SCMP_SYS(readlinkat), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn)}) {
    added = added && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
  }
  const bool loaded = added && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return loaded;
}

// In the child, until the agent is gone. Nothing is allocated here: that would
// be one system call more to allow.
[[noreturn]] void Answering(int socket) {
  Question question{};
  while (recv(socket, &question, sizeof(question), 0) ==
         static_cast<ssize_t>(sizeof(question))) {
    Reply answer{};
    answer.number = question.number;
    std::array<char, 32> link{};
    std::snprintf(link.data(), link.size(), "/proc/%d/exe", question.pid);
    const ssize_t length = readlink(link.data(), answer.path.data(), PATH_MAX);
    const std::size_t size =
        sizeof(answer.number) +
        (length > 0 ? static_cast<std::size_t>(length) : 0);
    if (send(socket, &answer, size, MSG_NOSIGNAL) < 0) break;
  }
  _exit(0);
}

// In ps(1) it is not to look like a second agent. What the arguments take is
// all the room that there is.
void SetTitle() {
  std::array<char, 4096> arguments{};
  const UniqueFd file(open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  const ssize_t size = read(file.get(), arguments.data(), arguments.size());
  if (size <= 0) return;
  const auto room = static_cast<std::size_t>(size);
  std::memset(program_invocation_name, 0, room);
  std::memcpy(program_invocation_name, kTitle.data(),
              std::min(room - 1, kTitle.size()));
}

[[noreturn]] void Become(int socket, pid_t agent) {
  // Ends with the agent, however that ends.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != agent) _exit(1);
  signal(SIGINT, SIG_IGN);
  // What the agent takes out of its own environment a moment later.
  if (char* const key = getenv("LIBRETTO_API_KEY")) {
    explicit_bzero(key, std::strlen(key));
  }
  prctl(PR_SET_NAME, "libretto-names");
  SetTitle();
  constexpr int kSocket = 3;
  if (dup2(socket, kSocket) < 0) _exit(1);
  close_range(0, kSocket - 1, 0);
  close_range(kSocket + 1, UINT_MAX, 0);
  if (!Confine()) _exit(1);
  Answering(kSocket);
}

}  // namespace

StatusOr<ExecutableReader> ExecutableReader::Start() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return FromErrno(errno, "cannot make a pair of sockets");
  }
  UniqueFd here(ends[0]);
  UniqueFd there(ends[1]);
  const pid_t agent = getpid();
  const pid_t child = fork();
  if (child < 0) return FromErrno(errno, "cannot start a process");
  if (child == 0) Become(there.get(), agent);
  there.Reset();  // or a child that has ended would be waited for
  ExecutableReader reader(std::move(here));
  if (reader.ExecutableOf(child).empty()) {
    return Internal("the process that looks up programs does not answer");
  }
  setsockopt(reader.socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience,
             sizeof(kPatience));
  return reader;
}

bool ExecutableReader::Ask(pid_t pid) {
  const Question question{++questions_, pid};
  return send(socket_.get(), &question, sizeof(question),
              MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

std::string ExecutableReader::Answer() {
  Reply answer{};
  ssize_t size = 0;
  do {
    size = recv(socket_.get(), &answer, sizeof(answer), 0);
    // What is late belongs to an earlier question.
  } while (size > 0 && answer.number != questions_);
  if (size <= static_cast<ssize_t>(sizeof(answer.number))) return {};
  return {answer.path.data(),
          static_cast<std::size_t>(size) - sizeof(answer.number)};
}

}  // namespace libretto
