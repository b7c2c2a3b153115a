// A stock gRPC client meets the real server through the frame guard, and
// notices nothing of it.
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "agent/net/frame_relay.h"
#include "tests/agent/rpc/grpc_server_fixture.h"

namespace libretto {
namespace {

class GuardedServerTest : public GrpcServerTest {
 protected:
  GuardedServerTest() : turning_([this] { context_loop_.run(); }) {
    channel_ = ConnectGuarded();
  }
  ~GuardedServerTest() override {
    channel_.reset();
    work_.reset();
    context_loop_.stop();
    turning_.join();
    EXPECT_EQ(cuts_, std::vector<std::string>());
  }

  std::shared_ptr<grpc::Channel> ConnectGuarded() {
    int fds[2];
    EXPECT_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
    std::promise<UniqueFd> inner;
    asio::post(context_loop_, [this, &inner, fd = fds[0]] {
      inner.set_value(*relay_.Interpose(UniqueFd(fd), {geteuid(), getpid()}));
    });
    server_.Adopt(inner.get_future().get(), {geteuid(), getpid()});
    return grpc::CreateInsecureChannelFromFd("agent", fds[1]);
  }

  std::size_t Connections() {
    std::promise<std::size_t> count;
    asio::post(context_loop_,
               [this, &count] { count.set_value(relay_.connections()); });
    return count.get_future().get();
  }

  SystemClock system_clock_;
  asio::io_context context_loop_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{
      context_loop_.get_executor()};
  std::vector<std::string> cuts_;
  FrameRelay relay_{context_loop_, system_clock_, FrameLimits(),
                    [this](const Caller&, const Status& why) {
                      cuts_.push_back(Message(why));
                    }};
  std::thread turning_;
};

TEST_F(GuardedServerTest, AThousandCallsInARow) {
  for (int i = 0; i < 1000; ++i) {
    grpc::ClientContext context;
    pb::GetResponse response;
    ASSERT_TRUE(GetIn(context, "username", &response).ok());
    ASSERT_EQ(response.value(), "alice");
  }
}

TEST_F(GuardedServerTest, TheLargestValuesComeAndGo) {
  const auto stub = pb::Credentials::NewStub(channel_);
  const std::string value(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext writing;
    pb::UpsertRequest request;
    request.set_name("large");
    request.set_value(value);
    pb::UpsertResponse written;
    const grpc::Status status = stub->Upsert(&writing, request, &written);
    ASSERT_TRUE(status.ok()) << status.error_message();
    grpc::ClientContext reading;
    pb::GetResponse response;
    ASSERT_TRUE(GetIn(reading, "large", &response).ok());
    ASSERT_EQ(response.value(), value);
  }
}

TEST_F(GuardedServerTest, FortyCallsAtOnce) {
  const auto stub = pb::Credentials::NewStub(channel_);
  for (int round = 0; round < 5; ++round) {
    std::vector<std::future<bool>> calls;
    for (int i = 0; i < 40; ++i) {
      calls.push_back(std::async(std::launch::async, [&stub] {
        grpc::ClientContext context;
        pb::GetRequest request;
        request.set_name("username");
        pb::GetResponse response;
        return stub->Get(&context, request, &response).ok();
      }));
    }
    for (auto& call : calls) EXPECT_TRUE(call.get());
  }
}

TEST_F(GuardedServerTest, AStreamReachesItsEnd) {
  for (int i = 0; i < 50; ++i) cloud_.Set("c" + std::to_string(i), "v");
  const auto reader = pb::Agent::NewStub(channel_)->Sync(&context_, {});
  pb::SyncProgress progress;
  while (reader->Read(&progress)) {
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_EQ(progress.done(), 51);
}

TEST_F(GuardedServerTest, CallsThatAreGivenUpAreNoFlood) {
  const auto stub = pb::Credentials::NewStub(channel_);
  for (int i = 0; i < 60; ++i) {
    grpc::ClientContext context;
    pb::WatchRequest request;
    request.add_names("username");
    const auto watching = stub->Watch(&context, request);
    pb::WatchEvent event;
    watching->Read(&event);
    context.TryCancel();
    EXPECT_EQ(watching->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  pb::GetResponse response;
  EXPECT_TRUE(Get("username", &response).ok());
}

TEST_F(GuardedServerTest, WhoLeavesIsForgotten) {
  {
    const auto other = ConnectGuarded();
    grpc::ClientContext context;
    pb::StatusResponse response;
    ASSERT_TRUE(
        pb::Agent::NewStub(other)->Status(&context, {}, &response).ok());
    EXPECT_EQ(Connections(), 2U);
  }
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Connections() > 1 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(Connections(), 1U);
}

}  // namespace
}  // namespace libretto
