// Whose account a call is for, as a stock gRPC client sees it: the caller's
// key and cloud, a login in a browser, the leased key.
#include <chrono>
#include <future>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/agent/rpc/grpc_server_fixture.h"

namespace libretto {
namespace {

using AccountServiceTest = GrpcServerTest;

TEST_F(AccountServiceTest, ACallersKeyDoesNotHideTheProfileFromStatus) {
  pb::StatusRequest request;
  request.mutable_context()->set_api_key("secret of mine");
  pb::StatusResponse response;
  ASSERT_TRUE(
      pb::Agent::NewStub(channel_)->Status(&context_, request, &response).ok());
  EXPECT_EQ(response.session(), pb::StatusResponse::SIGNED_IN);
}

TEST_F(AccountServiceTest, ACallersOwnKeyActsForThatCallAlone) {
  cloud_.keys["mine"] = "by hand";
  pb::GetRequest request;
  request.set_name("username");
  request.mutable_context()->set_api_key("secret of mine");
  request.mutable_context()->set_api_url(testing::FakeCloud::kUrl);
  const auto stub = pb::Credentials::NewStub(channel_);
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    pb::GetResponse response;
    ASSERT_TRUE(stub->Get(&context, request, &response).ok());
    EXPECT_EQ(response.value(), "alice");
    EXPECT_EQ(response.source(), pb::GetResponse::CLOUD);
  }
  EXPECT_EQ(cloud_.Count("Mint"), 0);
}

TEST_F(AccountServiceTest, AnotherCloudThanTheLoginsGetsNoCookie) {
  pb::GetRequest request;
  request.set_name("username");
  request.mutable_context()->set_api_url("https://other.test/");
  pb::GetResponse response;
  const grpc::Status status =
      pb::Credentials::NewStub(channel_)->Get(&context_, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_NE(status.error_message().find("https://other.test"),
            std::string::npos);
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(AccountServiceTest, ABrowserLoginSaysWhatToOpenAndThenWhoItWas) {
  cloud_.browser_login = BrowserLoginState::Kind::kApproved;
  const auto reader =
      pb::Accounts::NewStub(channel_)->BrowserLogin(&context_, {});
  pb::BrowserLoginEvent event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.opened().request_id(), "request");
  loop_.Post([this] { profiles_.Tick(); });
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.signed_in().email(), "casey@example.test");
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(AccountServiceTest, ABrowserLoginWhoseCallerLeavesStopsAsking) {
  const auto reader =
      pb::Accounts::NewStub(channel_)->BrowserLogin(&context_, {});
  pb::BrowserLoginEvent event;
  ASSERT_TRUE(reader->Read(&event));
  context_.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Anything that is answered now was asked before.
  grpc::ClientContext again;
  pb::GetResponse response;
  ASSERT_TRUE(GetIn(again, "username", &response).ok());
  clock_.Advance(std::chrono::seconds(5));
  std::promise<bool> due;
  loop_.Post([this, &due] {
    due.set_value(profiles_.NextDeadline() != std::nullopt &&
                  cloud_.Count("PollBrowserLogin") > 1);
  });
  EXPECT_FALSE(due.get_future().get());
}

TEST_F(AccountServiceTest, TheLeasedKeyIsMarkedInTheList) {
  pb::GetResponse read;
  ASSERT_TRUE(Get("username", &read).ok());
  cloud_.keys["other"] = "laptop";
  grpc::ClientContext listing;
  pb::ListApiKeysResponse keys;
  const auto stub = pb::Accounts::NewStub(channel_);
  ASSERT_TRUE(stub->ListApiKeys(&listing, {}, &keys).ok());
  ASSERT_EQ(keys.keys_size(), 2);
  EXPECT_TRUE(keys.keys(0).leased());
  EXPECT_FALSE(keys.keys(1).leased());
  pb::RevokeApiKeyRequest request;
  request.set_id(keys.keys(0).id());
  pb::RevokeApiKeyResponse revoked;
  grpc::ClientContext revoking;
  ASSERT_TRUE(stub->RevokeApiKey(&revoking, request, &revoked).ok());
  EXPECT_TRUE(revoked.was_leased());
}

}  // namespace
}  // namespace libretto
