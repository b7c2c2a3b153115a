// What a stock gRPC client does by itself: the frame guard, through which every
// connection goes, cuts none of it.
#include <future>

#include <gtest/gtest.h>

#include "tests/agent/rpc/grpc_server_fixture.h"

namespace libretto {
namespace {

class GuardedServerTest : public GrpcServerTest {
 protected:
  ~GuardedServerTest() override {
    channel_.reset();
    loop_.Run([this] { EXPECT_EQ(cuts_, std::vector<std::string>()); });
  }

  std::size_t Connections() {
    std::size_t count = 0;
    loop_.Run([this, &count] { count = server_.Connections(0); });
    return count;
  }
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

// A client that has heard how many calls it may have lets the others wait.
TEST_F(GuardedServerTest, FortyCallsAtOnce) {
  pb::GetResponse first;
  ASSERT_TRUE(Get("username", &first).ok());
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
    const auto other = Connect();
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
