// The real server with its services over a socket pair, a stock gRPC client
// (grpc++) and a cloud in memory. Not thread-safe, as a test is.
#ifndef LIBRETTO_TESTS_AGENT_RPC_GRPC_SERVER_FIXTURE_H_
#define LIBRETTO_TESTS_AGENT_RPC_GRPC_SERVER_FIXTURE_H_

#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "agent/rpc/grpc_server.h"
#include "tests/fakes/fake_cloud.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_scope_sockets.h"
#include "tests/fakes/fake_stores.h"
#include "tests/fakes/manual_clock.h"

namespace libretto {

namespace pb = agent::v1;

// The loop thread; the cloud in memory answers at the end of every task.
class CloudyLoop final : public Executor {
 public:
  explicit CloudyLoop(testing::FakeCloud& cloud)
      : thread_([this, &cloud] {
          while (std::optional<Task> task = Next()) {
            (*std::move(task))();
            cloud.Deliver();
          }
        }) {}
  ~CloudyLoop() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  CloudyLoop(const CloudyLoop&) = delete;
  CloudyLoop& operator=(const CloudyLoop&) = delete;

  void Post(Task task) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

 private:
  std::optional<Task> Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return std::nullopt;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
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
    server_.Shutdown(std::chrono::milliseconds(500));
  }

  // Through the socket of `scope`; 0: the main one.
  std::shared_ptr<grpc::Channel> Connect(ScopeId scope = 0) {
    int fds[2];
    EXPECT_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
    server_.Adopt(UniqueFd(fds[0]), {geteuid(), getpid(), scope});
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
  GrpcServer server_{
      loop_,
      profiles_,
      scopes_,
      lock_,
      clock_,
      Facts(),
      [this](const CallRecord& call) {
        log_.push_back(std::string(call.method) + " " + call.name);
      },
      ConnectionLimits()};
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
};

}  // namespace libretto

#endif  // LIBRETTO_TESTS_AGENT_RPC_GRPC_SERVER_FIXTURE_H_
