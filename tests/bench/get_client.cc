// Calls Credentials.Get over client/transport, as librettoctl and the C++
// client do.
//
//   bench_get_client latency SOCKET NAME CALLS       one connection, call by
//                                                    call
//   bench_get_client throughput SOCKET NAME PROCESSES MILLISECONDS
//                                                    a connection for each
//                                                    process, all at once
//
// Prints one line of JSON.
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "base/deadline.h"
#include "client/transport/agent_client.h"
#include "client/transport/channel.h"
#include "tests/bench/timing.h"

namespace libretto::bench {
namespace {

constexpr int kWarmUpCalls = 500;

void Demand(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "bench_get_client: %s\n", Message(status).c_str());
  std::exit(1);
}

AgentClient Connect(const std::string& socket) {
  StatusOr<Channel> channel =
      Channel::Connect(socket, geteuid(), In(std::chrono::seconds(5)));
  Demand(channel.status());
  return AgentClient(*std::move(channel), CallerContext{});
}

void WarmUp(AgentClient& agent, const ReferenceTarget& target) {
  for (int i = 0; i < kWarmUpCalls; ++i) Demand(agent.Get(target).status());
}

void Latency(const std::string& socket, const std::string& name, int calls) {
  AgentClient agent = Connect(socket);
  const ReferenceTarget target{name};
  WarmUp(agent, target);
  std::vector<double> micros;
  micros.reserve(static_cast<std::size_t>(calls));
  for (int i = 0; i < calls; ++i) {
    const Clock::time_point begin = Clock::now();
    const StatusOr<Credential> credential = agent.Get(target);
    micros.push_back(MicrosSince(begin));
    Demand(credential.status());
  }
  PrintLatencies(std::move(micros));
}

// What the processes have in common.
struct Shared {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> calls{0};
};

[[noreturn]] void CallUntilOver(Shared& shared, const std::string& socket,
                                const std::string& name) {
  AgentClient agent = Connect(socket);
  const ReferenceTarget target{name};
  Demand(agent.Get(target).status());
  ++shared.ready;
  std::uint64_t calls = 0;
  while (!shared.over) {
    Demand(agent.Get(target).status());
    if (shared.go) ++calls;
  }
  shared.calls += calls;
  _exit(0);
}

void Wait(int milliseconds) { poll(nullptr, 0, milliseconds); }

void Throughput(const std::string& socket, const std::string& name,
                int processes, int milliseconds) {
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::exit(1);
  auto& shared = *new (memory) Shared;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = fork();
    if (child < 0) std::exit(1);
    if (child == 0) CallUntilOver(shared, socket, name);
  }
  while (shared.ready < processes) {
    if (waitpid(-1, nullptr, WNOHANG) > 0) std::exit(1);
    Wait(1);
  }
  const Clock::time_point begin = Clock::now();
  shared.go = true;
  Wait(milliseconds);
  shared.over = true;
  const double micros = MicrosSince(begin);
  for (int i = 0; i < processes; ++i) {
    int how = 0;
    if (wait(&how) < 0 || how != 0) std::exit(1);
  }
  std::printf("{\"per_second\": %.1f}\n",
              static_cast<double>(shared.calls.load()) / micros * 1e6);
}

}  // namespace
}  // namespace libretto::bench

int main(int argc, char** argv) {
  using libretto::bench::NumberOrExit;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (argc == 5 && arguments[0] == "latency") {
    libretto::bench::Latency(arguments[1], arguments[2],
                             NumberOrExit(arguments[3]));
  } else if (argc == 6 && arguments[0] == "throughput") {
    libretto::bench::Throughput(arguments[1], arguments[2],
                                NumberOrExit(arguments[3]),
                                NumberOrExit(arguments[4]));
  } else {
    std::fputs("bench_get_client: the first lines of get_client.cc say how\n",
               stderr);
    return 64;
  }
}
