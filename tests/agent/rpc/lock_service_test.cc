// Locking, as a stock gRPC client sees it.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/agent/rpc/grpc_server_fixture.h"

namespace libretto {
namespace {

class LockServiceTest : public GrpcServerTest {
 protected:
  grpc::Status Enroll() {
    grpc::ClientContext context;
    pb::EnrollRequest request;
    request.set_passphrase("correct horse");
    pb::EnrollResponse response;
    return pb::Locking::NewStub(channel_)->Enroll(&context, request, &response);
  }

  // The request as bytes that may be anything.
  grpc::Status LockWith(const std::string& bytes) {
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::GenericStub stub(channel_);
    const grpc::Slice slice(bytes);
    const auto call =
        stub.PrepareUnaryCall(&context, "/libretto.agent.v1.Locking/Lock",
                              grpc::ByteBuffer(&slice, 1), &queue);
    grpc::ByteBuffer response;
    grpc::Status status;
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }

  pb::StatusResponse AgentStatus() {
    grpc::ClientContext context;
    pb::StatusResponse response;
    EXPECT_TRUE(pb::Agent::NewStub(channel_)
                    ->Status(&context, pb::StatusRequest(), &response)
                    .ok());
    return response;
  }
};

TEST_F(LockServiceTest, WithoutAPassphraseItSaysWhatToDoInstead) {
  pb::LockResponse response;
  const grpc::Status status = pb::Locking::NewStub(channel_)->Lock(
      &context_, pb::LockRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_NE(Trailer("libretto-remedy").find("agent enroll"), std::string::npos);
}

TEST_F(LockServiceTest, ALockedAgentServesNothingAndSaysHowToUnlock) {
  ASSERT_TRUE(Enroll().ok());
  EXPECT_TRUE(AgentStatus().enrolled());
  ASSERT_TRUE(LockWith("").ok());
  const pb::StatusResponse locked = AgentStatus();
  EXPECT_EQ(locked.session(), pb::StatusResponse::LOCKED);
  EXPECT_FALSE(locked.locked_because().empty());
  EXPECT_EQ(locked.email(), "");
  pb::GetResponse response;
  EXPECT_EQ(Get("username", &response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Trailer("libretto-remedy"), "librettoctl agent unlock");
}

TEST_F(LockServiceTest, ARequestThatCannotBeParsedLocksToo) {
  ASSERT_TRUE(Enroll().ok());
  EXPECT_TRUE(LockWith("\xff\xff\xff not a message").ok());
  EXPECT_EQ(AgentStatus().session(), pb::StatusResponse::LOCKED);
}

TEST_F(LockServiceTest, AProfileThatCannotBeDoesNotKeepItFromLocking) {
  ASSERT_TRUE(Enroll().ok());
  pb::LockRequest request;
  request.mutable_context()->set_profile("Not a Name");
  EXPECT_TRUE(LockWith(request.SerializeAsString()).ok());
  EXPECT_EQ(AgentStatus().session(), pb::StatusResponse::LOCKED);
}

TEST_F(LockServiceTest, ThePassphraseUnlocks) {
  ASSERT_TRUE(Enroll().ok());
  ASSERT_TRUE(LockWith("").ok());
  pb::UnlockRequest request;
  request.set_passphrase("correct horse");
  pb::UnlockResponse response;
  const auto stub = pb::Locking::NewStub(channel_);
  EXPECT_TRUE(stub->Unlock(&context_, request, &response).ok());
  EXPECT_NE(AgentStatus().session(), pb::StatusResponse::LOCKED);
}

TEST_F(LockServiceTest, AKeyOfTheCallersOwnIsNotLocked) {
  ASSERT_TRUE(Enroll().ok());
  ASSERT_TRUE(LockWith("").ok());
  cloud_.keys["mine"] = "by hand";
  pb::GetRequest request;
  request.set_name("username");
  request.mutable_context()->set_api_key("secret of mine");
  request.mutable_context()->set_api_url(testing::FakeCloud::kUrl);
  pb::GetResponse response;
  EXPECT_TRUE(pb::Credentials::NewStub(channel_)
                  ->Get(&context_, request, &response)
                  .ok());
  EXPECT_EQ(response.value(), "alice");
}

}  // namespace
}  // namespace libretto
