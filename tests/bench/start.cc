// How long a server takes from its start to its first answer.
//
//   bench_start agent|echo SOCKET COMMAND...
//
// Asks the agent for its status and a bare server for a credential, as soon as
// the socket accepts; stops the server with SIGTERM. Prints one line of JSON.
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>
#include <utility>

#include "base/deadline.h"
#include "client/transport/agent_client.h"
#include "client/transport/channel.h"
#include "client/transport/unreachable.h"
#include "tests/bench/timing.h"

namespace libretto::bench {
namespace {

constexpr std::chrono::seconds kLimit(20);

void PauseShortly() {
  constexpr timespec kPause{0, 100'000};
  ppoll(nullptr, 0, &kPause, nullptr);
}

Status Answer(const std::string& socket, bool is_agent, Deadline deadline) {
  for (;;) {
    StatusOr<Channel> channel = Channel::Connect(socket, geteuid(), deadline);
    if (channel.ok()) {
      AgentClient server(*std::move(channel), CallerContext{});
      if (is_agent) return server.GetStatus().status();
      return server.Get(ReferenceTarget{"name"}).status();
    }
    if (!IsNobodyListening(channel.status())) return channel.status();
    if (Remaining(deadline).count() == 0) return channel.status();
    PauseShortly();
  }
}

int Run(std::string_view kind, const std::string& socket, char** command) {
  unlink(socket.c_str());
  const Clock::time_point begin = Clock::now();
  pid_t server = -1;
  if (posix_spawnp(&server, command[0], nullptr, nullptr, command, environ) !=
      0) {
    std::fprintf(stderr, "bench_start: cannot start %s\n", command[0]);
    return 1;
  }
  const Status answered = Answer(socket, kind == "agent", In(kLimit));
  const double micros = MicrosSince(begin);
  kill(server, SIGTERM);
  waitpid(server, nullptr, 0);
  if (!answered.ok()) {
    std::fprintf(stderr, "bench_start: %s\n", Message(answered).c_str());
    return 1;
  }
  std::printf("{\"us\": %.1f}\n", micros);
  return 0;
}

}  // namespace
}  // namespace libretto::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: bench_start agent|echo SOCKET COMMAND...\n", stderr);
    return 64;
  }
  return libretto::bench::Run(argv[1], argv[2], argv + 3);
}
