// The agent's services as a stock gRPC client sees them; the account service
// has a file of its own.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/agent/rpc/grpc_server_fixture.h"

namespace libretto {
namespace {

TEST_F(GrpcServerTest, AReadReturnsTheValueAndWhereItCameFrom) {
  pb::GetResponse cold;
  ASSERT_TRUE(Get("username", &cold).ok());
  EXPECT_EQ(cold.value(), "alice");
  EXPECT_EQ(cold.source(), pb::GetResponse::CLOUD);
  grpc::ClientContext again;
  pb::GetResponse warm;
  ASSERT_TRUE(GetIn(again, "username", &warm).ok());
  EXPECT_EQ(warm.name(), "username");
  EXPECT_EQ(warm.source(), pb::GetResponse::MEMORY);
  EXPECT_EQ(warm.generation(), cold.generation());
}

TEST_F(GrpcServerTest, ACallerSaysWhatItAccepts) {
  pb::GetResponse first;
  ASSERT_TRUE(Get("username", &first).ok());
  const auto stub = pb::Credentials::NewStub(channel_);
  pb::GetRequest request;
  request.set_name("username");
  request.set_max_age_ms(60'000);
  grpc::ClientContext bounded;
  pb::GetResponse response;
  ASSERT_TRUE(stub->Get(&bounded, request, &response).ok());
  EXPECT_EQ(response.source(), pb::GetResponse::MEMORY);
  request.set_fresh(true);
  grpc::ClientContext fresh;
  ASSERT_TRUE(stub->Get(&fresh, request, &response).ok());
  EXPECT_EQ(response.source(), pb::GetResponse::CLOUD);
  EXPECT_GT(response.generation(), first.generation());
  request.set_max_age_ms(-1);
  grpc::ClientContext negative;
  EXPECT_EQ(stub->Get(&negative, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcServerTest, TheSeedOfACodeStaysWhereItIs) {
  cloud_.Set("seed", "JBSWY3DPEHPK3PXP");
  pb::GetRequest request;
  request.set_name("seed");
  request.set_attribute(pb::GetRequest::OTP);
  pb::GetResponse response;
  const auto stub = pb::Credentials::NewStub(channel_);
  ASSERT_TRUE(stub->Get(&context_, request, &response).ok());
  EXPECT_EQ(response.value(), "260025");
  EXPECT_EQ(response.SerializeAsString().find("JBSW"), std::string::npos);
  grpc::ClientContext again;
  request.set_attribute(static_cast<pb::GetRequest::Attribute>(7));
  EXPECT_EQ(stub->Get(&again, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcServerTest, AFailureCarriesItsMeaningAndWhatToType) {
  pb::GetResponse response;
  const grpc::Status status = Get("nothing", &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no credential named nothing");
  EXPECT_EQ(Trailer("libretto-remedy"), "librettoctl cloud credentials list");
}

TEST_F(GrpcServerTest, AMessageOverTheLimitIsRefusedAndTheNextOneServed) {
  pb::UpsertRequest request;
  request.set_name("username");
  request.set_value(std::string(200 * 1024, 'x'));
  pb::UpsertResponse response;
  const auto stub = pb::Credentials::NewStub(channel_);
  EXPECT_EQ(stub->Upsert(&context_, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  request.set_value(std::string(64 * 1024, 'x'));
  grpc::ClientContext again;
  EXPECT_TRUE(stub->Upsert(&again, request, &response).ok());
  EXPECT_TRUE(response.overwritten());
}

TEST_F(GrpcServerTest, AWriteThroughOneConnectionIsReadThroughAnother) {
  pb::UpdateRequest request;
  request.set_name("username");
  request.set_value("bob");
  pb::UpdateResponse updated;
  grpc::ClientContext writing;
  ASSERT_TRUE(pb::Credentials::NewStub(Connect())
                  ->Update(&writing, request, &updated)
                  .ok());
  pb::GetResponse response;
  ASSERT_TRUE(Get("username", &response).ok());
  EXPECT_EQ(response.value(), "bob");
}

TEST_F(GrpcServerTest, AnUpdateOfNothingIsInvalid) {
  pb::UpdateRequest request;
  request.set_name("username");
  pb::UpdateResponse response;
  EXPECT_EQ(pb::Credentials::NewStub(channel_)
                ->Update(&context_, request, &response)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcServerTest, TheListMarksNamesThatBreakTheRule) {
  cloud_.Set("OpenAI_Key", "sk");
  pb::ListResponse response;
  ASSERT_TRUE(
      pb::Credentials::NewStub(channel_)->List(&context_, {}, &response).ok());
  ASSERT_EQ(response.credentials_size(), 2);
  EXPECT_EQ(response.credentials(0).name(), "OpenAI_Key");
  EXPECT_FALSE(response.credentials(0).follows_rule());
  EXPECT_TRUE(response.credentials(1).follows_rule());
  grpc::ClientContext reading;
  pb::GetResponse value;
  ASSERT_TRUE(GetIn(reading, "OpenAI_Key", &value).ok());
  EXPECT_EQ(value.value(), "sk");
}

TEST_F(GrpcServerTest, StatusAnswersFromMemory) {
  pb::StatusResponse response;
  ASSERT_TRUE(
      pb::Agent::NewStub(channel_)->Status(&context_, {}, &response).ok());
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_EQ(response.session(), pb::StatusResponse::SIGNED_IN);
  EXPECT_EQ(response.email(), "casey@example.test");
  EXPECT_EQ(response.connections(), 3);
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(GrpcServerTest, StatusTellsOfTheCacheAndTheCloud) {
  pb::GetResponse value;
  ASSERT_TRUE(Get("username", &value).ok());
  const auto stub = pb::Agent::NewStub(channel_);
  grpc::ClientContext well;
  pb::StatusResponse response;
  ASSERT_TRUE(stub->Status(&well, {}, &response).ok());
  EXPECT_EQ(response.cached(), 1);
  EXPECT_GT(response.cached_bytes(), 5);
  EXPECT_GT(response.max_cached_bytes(), response.cached_bytes());
  EXPECT_EQ(response.cloud(), pb::StatusResponse::ASKED);
  EXPECT_EQ(response.retry_unix_s(), 0);
  cloud_.refusal = Throttled("slow down", std::chrono::seconds(30));
  grpc::ClientContext limited;
  EXPECT_EQ(GetIn(limited, "password", &value).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  grpc::ClientContext waiting;
  ASSERT_TRUE(stub->Status(&waiting, {}, &response).ok());
  EXPECT_EQ(response.cloud(), pb::StatusResponse::ASKS_TO_WAIT);
  EXPECT_EQ(response.retry_unix_s(),
            std::chrono::system_clock::to_time_t(clock_.WallNow()) + 30);
}

TEST_F(GrpcServerTest, ASyncStreamsItsProgressToTheEnd) {
  for (int i = 0; i < 50; ++i) cloud_.Set("c" + std::to_string(i), "v");
  const auto reader = pb::Agent::NewStub(channel_)->Sync(&context_, {});
  pb::SyncProgress progress;
  while (reader->Read(&progress)) {
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_EQ(progress.known(), 51);
  EXPECT_EQ(progress.done(), 51);
}

TEST_F(GrpcServerTest, ASyncWhoseCallerLeavesEndsAllTheSame) {
  for (int i = 0; i < 50; ++i) cloud_.Set("c" + std::to_string(i), "v");
  {
    grpc::ClientContext leaving;
    const auto reader = pb::Agent::NewStub(channel_)->Sync(&leaving, {});
    leaving.TryCancel();
  }
  pb::GetResponse response;
  EXPECT_TRUE(Get("c49", &response).ok());
}

TEST_F(GrpcServerTest, StopAnswersBeforeTheEnd) {
  pb::StopResponse response;
  ASSERT_TRUE(
      pb::Agent::NewStub(channel_)->Stop(&context_, {}, &response).ok());
  EXPECT_EQ(response.pid(), getpid());
  EXPECT_TRUE(stop_asked_);
}

TEST_F(GrpcServerTest, EveryCallIsLoggedByMethodAndName) {
  pb::GetResponse response;
  ASSERT_TRUE(Get("username", &response).ok());
  EXPECT_EQ(log_, std::vector<std::string>{"Credentials.Get username"});
}

}  // namespace
}  // namespace libretto
