// The real server with its services over a socket pair, a stock gRPC client
// (grpc++) and a cloud in memory. Not thread-safe, as a test is.
#ifndef LIBRETTO_TESTS_AGENT_RPC_GRPC_SERVER_FIXTURE_H_
#define LIBRETTO_TESTS_AGENT_RPC_GRPC_SERVER_FIXTURE_H_

#include <sys/socket.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "agent/net/loop.h"
#include "agent/rpc/grpc_server.h"
#include "libretto/agent/v1/accounts.grpc.pb.h"
#include "libretto/agent/v1/agent.grpc.pb.h"
#include "libretto/agent/v1/credentials.grpc.pb.h"
#include "libretto/agent/v1/lock.grpc.pb.h"
#include "libretto/agent/v1/scopes.grpc.pb.h"
#include "tests/fakes/fake_cloud.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_scope_sockets.h"
#include "tests/fakes/fake_stores.h"
#include "tests/fakes/manual_clock.h"

namespace libretto {

namespace pb = agent::v1;

// The loop on a thread of its own; the cloud in memory answers at the end of
// every task.
class CloudyLoop final : public Executor {
 public:
  explicit CloudyLoop(testing::FakeCloud& cloud)
      : cloud_(cloud), thread_([this] { loop_.Run(); }) {}
  ~CloudyLoop() override { Stop(); }
  CloudyLoop(const CloudyLoop&) = delete;
  CloudyLoop& operator=(const CloudyLoop&) = delete;

  asio::io_context& context() { return loop_.context(); }

  void Post(Task task) override {
    loop_.Post([this, task = std::move(task)]() mutable {
      std::move(task)();
      cloud_.Deliver();
    });
  }

  // Runs `task` on the loop and returns when that is done.
  void Run(Task task) {
    std::promise<void> done;
    Post([&done, task = std::move(task)]() mutable {
      std::move(task)();
      done.set_value();
    });
    done.get_future().wait();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    loop_.Post([this] { loop_.Stop(); });
    thread_.join();
  }

 private:
  testing::FakeCloud& cloud_;
  SystemClock clock_;
  Loop loop_{clock_};
  std::thread thread_;
};

class GrpcServerTest : public ::testing::Test {
 protected:
  GrpcServerTest() {
    cloud_.Set("username", "alice");
    profiles_.Default().session.SignIn(
        {{testing::FakeCloud::kUrl, SecretBytes::CopyOf("cookie=0")},
         "user",
         "casey@example.test",
         ""});
    channel_ = Connect();
  }
  ~GrpcServerTest() override {
    channel_.reset();
    std::promise<void> done;
    loop_.Post([this, &done] {
      server_.Shutdown(std::chrono::milliseconds(500),
                       [&done] { done.set_value(); });
    });
    done.get_future().wait();
    loop_.Stop();
  }

  // Through the socket of `scope`; 0: the main one.
  std::shared_ptr<grpc::Channel> Connect(ScopeId scope = 0) {
    int fds[2];
    EXPECT_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
    loop_.Run([this, fd = fds[0], scope] {
      server_.Adopt(UniqueFd(fd), {geteuid(), getpid(), scope});
    });
    return grpc::CreateInsecureChannelFromFd("agent", fds[1]);
  }

  ProcessFacts Facts() {
    return {"1.2.3",
            "/run/agent.sock",
            {},
            clock_.Now(),
            [] { return std::size_t{3}; },
            [] { return std::int64_t{4096}; },
            [] { return LockTriggers(); },
            [this](absl::AnyInvocable<void() &&> stopped) {
              stop_asked_ = true;
              std::move(stopped)();
            },
            [] {
              return Audit::State{{7, {}}, 0, OkStatus()};
            }};
  }

  grpc::Status Get(const std::string& name, pb::GetResponse* response) {
    return GetIn(context_, name, response);
  }
  grpc::Status GetIn(grpc::ClientContext& context, const std::string& name,
                     pb::GetResponse* response) {
    pb::GetRequest request;
    request.set_name(name);
    return pb::Credentials::NewStub(channel_)->Get(&context, request, response);
  }
  std::string Trailer(const std::string& name) {
    const auto& trailers = context_.GetServerTrailingMetadata();
    const auto found = trailers.find(name);
    return found == trailers.end()
               ? ""
               : std::string(found->second.data(), found->second.size());
  }

  testing::ManualClock clock_;
  testing::FakeCloud cloud_;
  testing::FakeStorage storage_;
  Profiles profiles_{
      ProfileOptions(), {cloud_, cloud_, cloud_, cloud_}, storage_, clock_};
  testing::FakeScopeSockets scope_sockets_;
  Scopes scopes_{scope_sockets_, clock_};
  testing::FakeLock lock_storage_;
  testing::InlineWorker worker_;
  Sealing sealing_;
  Lock lock_{sealing_, profiles_, lock_storage_,
             worker_,  clock_,    {.cost = {8192, 1}},
             {}};
  bool stop_asked_ = false;
  std::vector<std::string> log_;
  CloudyLoop loop_{cloud_};
  std::vector<std::string> cuts_;
  GrpcServer server_{
      loop_.context(),
      loop_,
      profiles_,
      scopes_,
      lock_,
      clock_,
      Facts(),
      [this](const CallRecord& call) {
        log_.push_back(std::string(call.method) + " " + call.name);
      },
      ConnectionLimits(),
      [](int, pid_t) { return CallerProcess(); },
      [this](const Caller&, const Status& why) {
        cuts_.push_back(Message(why));
      }};
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
};

}  // namespace libretto

#endif  // LIBRETTO_TESTS_AGENT_RPC_GRPC_SERVER_FIXTURE_H_
