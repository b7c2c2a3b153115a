// Credentials.Watch and Accounts.BorrowApiKey on the wire.
#include <gmock/gmock.h>

#include "tests/agent/rpc/grpc_server_fixture.h"

namespace libretto {
namespace {

class WatchTest : public GrpcServerTest {
 protected:
  static pb::WatchRequest For(const std::vector<std::string>& names) {
    pb::WatchRequest request;
    for (const std::string& name : names) request.add_names(name);
    return request;
  }

  std::unique_ptr<grpc::ClientReader<pb::WatchEvent>> Watch(
      const pb::WatchRequest& request) {
    return pb::Credentials::NewStub(channel_)->Watch(&context_, request);
  }

  // The loop's timer: this one has none.
  void TickOnLoop() {
    loop_.Post([this] { profiles_.Tick(); });
  }
};

TEST_F(WatchTest, CurrentValuesThenSettledThenChanges) {
  const auto reader = Watch(For({" UserName ", "username", "missing"}));
  pb::WatchEvent event;
  bool value = false;
  bool gone = false;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader->Read(&event));
    value = value ||
            (event.name() == "username" && event.value().value() == "alice" &&
             event.value().generation() > 0);
    gone = gone || (event.name() == "missing" && event.has_gone());
  }
  EXPECT_TRUE(value && gone);
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_TRUE(event.has_settled());

  pb::UpsertRequest write;
  write.set_name("username");
  write.set_value("bob");
  pb::UpsertResponse written;
  grpc::ClientContext writing;
  ASSERT_TRUE(pb::Credentials::NewStub(channel_)
                  ->Upsert(&writing, write, &written)
                  .ok());
  TickOnLoop();
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.value().value(), "bob");

  loop_.Post([this] { profiles_.Default().session.SignOut(); });
  TickOnLoop();
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Trailer("libretto-remedy"), "librettoctl cloud auth login");
  // Each delivery and the end are noted, as each call is.
  EXPECT_EQ(log_,
            (std::vector<std::string>{
                "Credentials.Watch username", "Credentials.Upsert username",
                "Credentials.Watch username", "Credentials.Watch "}));
}

TEST_F(WatchTest, WhatCannotBeWatchedIsInvalid) {
  pb::WatchRequest with_key = For({"username"});
  with_key.mutable_context()->set_api_key("k");
  for (const pb::WatchRequest& request :
       {For({}), For({"a b"}), For(std::vector<std::string>(257, "x")),
        with_key}) {
    grpc::ClientContext context;
    pb::WatchEvent event;
    const auto reader =
        pb::Credentials::NewStub(channel_)->Watch(&context, request);
    EXPECT_FALSE(reader->Read(&event));
    EXPECT_EQ(reader->Finish().error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(WatchTest, WhoLeavesIsForgotten) {
  const auto reader = Watch(For({"username"}));
  pb::WatchEvent event;
  ASSERT_TRUE(reader->Read(&event));
  context_.TryCancel();
  while (reader->Read(&event)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // A call that is served after it finds the agent as it was.
  grpc::ClientContext context;
  pb::GetResponse response;
  EXPECT_TRUE(GetIn(context, "username", &response).ok());
}

TEST_F(WatchTest, TheKeyThatIsBorrowedIsTheLeasedOneAndSaysForWhichCloud) {
  pb::BorrowApiKeyResponse first;
  pb::BorrowApiKeyResponse second;
  grpc::ClientContext another;
  const auto stub = pb::Accounts::NewStub(channel_);
  ASSERT_TRUE(
      stub->BorrowApiKey(&context_, pb::BorrowApiKeyRequest(), &first).ok());
  ASSERT_TRUE(
      stub->BorrowApiKey(&another, pb::BorrowApiKeyRequest(), &second).ok());
  EXPECT_FALSE(first.key().empty());
  EXPECT_EQ(first.key(), second.key());
  EXPECT_EQ(first.api_url(), testing::FakeCloud::kUrl);
  EXPECT_EQ(cloud_.keys.size(), 1U);
}

TEST_F(WatchTest, WithNobodyLoggedInThereIsNoKey) {
  loop_.Post([this] { profiles_.Default().session.SignOut(); });
  pb::BorrowApiKeyResponse response;
  const auto status = pb::Accounts::NewStub(channel_)->BorrowApiKey(
      &context_, pb::BorrowApiKeyRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace libretto
