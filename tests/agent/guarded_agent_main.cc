// guarded_agent: the agent's gRPC server with a cloud in memory behind
// FOLDER/agent.sock, for tests that attack it.
//
//   guarded_agent FOLDER [CONNECTION_IDLE_MS]
//
// Prints "ready", then why each caller was cut off.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "agent/core/profiles.h"
#include "agent/net/listener.h"
#include "agent/net/loop.h"
#include "agent/rpc/grpc_server.h"
#include "base/check.h"
#include "base/process.h"
#include "tests/fakes/fake_cloud.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_scope_sockets.h"
#include "tests/fakes/fake_stores.h"

namespace libretto {
namespace {

// The cloud in memory answers at the end of every task.
class CloudyLoop final : public Executor {
 public:
  CloudyLoop(Loop& loop, testing::FakeCloud& cloud)
      : loop_(loop), cloud_(cloud) {}
  void Post(Task task) override {
    loop_.Post([this, task = std::move(task)]() mutable {
      std::move(task)();
      cloud_.Deliver();
    });
  }

 private:
  Loop& loop_;
  testing::FakeCloud& cloud_;
};

int Main(const std::string& folder, std::chrono::milliseconds idle) {
  SystemClock clock;
  Loop loop(clock);
  testing::FakeCloud cloud;
  cloud.Set("username", "alice");
  testing::FakeStorage storage;
  Profiles profiles(ProfileOptions(), {cloud, cloud, cloud, cloud}, storage,
                    clock);
  profiles.Default().session.SignIn(
      {{testing::FakeCloud::kUrl, SecretBytes::CopyOf("cookie=0")},
       "user",
       "casey@example.test",
       ""});
  CloudyLoop cloudy(loop, cloud);
  testing::FakeScopeSockets scope_sockets;
  Scopes scopes(scope_sockets, clock);
  testing::FakeLock lock_storage;
  testing::InlineWorker worker;
  Sealing sealing;
  Lock lock(sealing, profiles, lock_storage, worker, clock, {}, {});
  ConnectionLimits limits;
  limits.frames.idle = idle;
  GrpcServer server(
      loop.context(), cloudy, profiles, scopes, lock, clock,
      {"1.2.3",
       folder,
       {},
       clock.Now(),
       [] { return std::size_t{0}; },
       [] { return std::int64_t{0}; },
       [] { return LockTriggers(); },
       [](absl::AnyInvocable<void() &&> stopped) { std::move(stopped)(); },
       [] { return Audit::State(); }},
      [](const CallRecord&) {}, limits,
      [](int, pid_t) { return CallerProcess(); },
      [](const Caller&, const Status& why) {
        std::printf("%s\n", Message(why).c_str());
        std::fflush(stdout);
      });
  const auto listener = Listener::Open(loop.context(), {folder + "/agent.sock"},
                                       server, [](int, const Caller&) {});
  LIBRETTO_CHECK(listener.ok());
  std::puts("ready");
  std::fflush(stdout);
  loop.Run();
  return 0;
}

}  // namespace
}  // namespace libretto

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  libretto::EnsureCleanLoad(argv);
  libretto::HardenProcess();
  const long idle = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 30'000;
  return libretto::Main(argv[1], std::chrono::milliseconds(idle));
}
