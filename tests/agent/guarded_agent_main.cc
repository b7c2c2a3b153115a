// guarded_agent: the agent's gRPC server with a cloud in memory behind two
// sockets: connections to FOLDER/main.sock go to gRPC as they are, those to
// FOLDER/guarded.sock through the frame guard. For tests that attack both and
// compare.
//
//   guarded_agent FOLDER [CONNECTION_IDLE_MS]
//
// Prints "ready", then why each caller was cut off.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "agent/core/profiles.h"
#include "agent/net/frame_relay.h"
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

std::unique_ptr<Listener> Listen(Loop& loop, const std::string& path,
                                 Listener::Handoff handoff) {
  auto listener =
      Listener::Open(loop.context(), {path}, std::move(handoff), [](Caller) {});
  LIBRETTO_CHECK(listener.ok());
  return *std::move(listener);
}

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
  ConnectionLimits connection_limits;
  connection_limits.idle = idle;
  GrpcServer server(
      cloudy, profiles, scopes, lock, clock,
      {"1.2.3",
       folder,
       {},
       clock.Now(),
       [] { return std::size_t{0}; },
       [] { return std::int64_t{0}; },
       [] { return LockTriggers(); },
       [](absl::AnyInvocable<void() &&> stopped) { std::move(stopped)(); },
       [] { return Audit::State(); }},
      [](const CallRecord&) {}, connection_limits);
  FrameLimits frame_limits;
  frame_limits.idle = idle + std::chrono::milliseconds(500);
  FrameRelay relay(loop.context(), clock, frame_limits,
                   [](const Caller&, const Status& why) {
                     std::printf("%s\n", Message(why).c_str());
                     std::fflush(stdout);
                   });
  const auto direct = Listen(loop, folder + "/main.sock",
                             [&server](UniqueFd fd, const Caller& caller) {
                               server.Adopt(std::move(fd), caller);
                             });
  const auto guarded =
      Listen(loop, folder + "/guarded.sock",
             [&server, &relay](UniqueFd fd, const Caller& caller) {
               auto inner = relay.Interpose(std::move(fd), caller);
               if (inner.ok()) server.Adopt(*std::move(inner), caller);
             });
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
