// What one connection may have, and how it ends.
#include "tests/agent/grpc/grpc_connection_fixture.h"

namespace libretto {
namespace {

TEST_F(GrpcConnectionTest, CallsAboveTheShareAreToldSo) {
  std::string calls = Hello();
  for (std::uint32_t id = 1; id < 64; id += 2) calls += Ask(id, "/t.T/Keep");
  Say(calls);
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 32; }));
  Say(Frame(testing::kRstStream, 0, 1, Number(8)));
  ASSERT_TRUE(RunUntil([this] { return listening_->cancelled == 1; }));
  // The stream is free, but its handler has not ended.
  Say(Ask(65, "/t.T/Echo"));
  ASSERT_TRUE(RunUntil([this] { return Ended(65); }));
  EXPECT_EQ(Messages(65), "");
  kept_[0]->Finish(OkStatus());
  Say(Ask(67, "/t.T/Echo"));
  ASSERT_TRUE(RunUntil([this] { return Ended(67); }));
  EXPECT_EQ(Messages(67), GrpcMessage("ask"));
}

TEST_F(GrpcConnectionTest, AFloodIsCutAndToldWhy) {
  std::string flood = Hello();
  for (int i = 0; i < 400; ++i) {
    flood += Frame(testing::kPing, 0, 0, Number(0, 8));
  }
  Say(flood);
  EXPECT_TRUE(Closed());
  ASSERT_EQ(Of(testing::kGoaway, 0).size(), 1U);
  const std::string goodbye = Of(testing::kGoaway, 0)[0].payload;
  EXPECT_EQ(goodbye.substr(4, 4), Number(0xb));  // ENHANCE_YOUR_CALM
  EXPECT_EQ(goodbye.substr(8), "too many PINGs");
  EXPECT_EQ(cuts_, std::vector<std::string>{"too many PINGs"});
}

TEST_F(GrpcConnectionTest, SilenceIsCut) {
  EXPECT_TRUE(Closed());
  ASSERT_EQ(cuts_.size(), 1U);
  EXPECT_NE(cuts_[0].find("preface"), std::string::npos);
}

TEST_F(GrpcConnectionTest, HalfARequestIsCut) {
  Say(Hello() + Headers(1, "/t.T/Echo"));
  EXPECT_TRUE(Closed());
  ASSERT_EQ(cuts_.size(), 1U);
  EXPECT_NE(cuts_[0].find("has not ended in time"), std::string::npos);
}

TEST_F(GrpcConnectionTest, AConnectionWithoutACallIsToldGoodbye) {
  Say(Hello() + Ask(1, "/t.T/Echo"));
  EXPECT_TRUE(Closed());
  ASSERT_EQ(Of(testing::kGoaway, 0).size(), 1U);
  EXPECT_EQ(Of(testing::kGoaway, 0)[0].payload.substr(0, 8),
            Number(1) + Number(0));  // the last stream, NO_ERROR
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(GrpcConnectionTest, WhoIsSilentDuringACallIsAskedAndThenCut) {
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] {
    Listen();
    return !Of(testing::kPing, 0).empty();
  }));
  Say(Frame(testing::kPing, testing::kAck, 0,
            Of(testing::kPing, 0)[0].payload));
  frames_.clear();
  EXPECT_TRUE(Closed());
  EXPECT_EQ(Of(testing::kPing, 0).size(), 1U);
  EXPECT_EQ(cuts_, std::vector<std::string>{"nothing is heard of it"});
}

TEST_F(GrpcConnectionTest, WhoDoesNotReadHoldsLittleAndIsCut) {
  Say(Hello() + Ask(1, "/t.T/Keep") +
      Frame(testing::kWindowUpdate, 0, 0, Number(1 << 30)) +
      Frame(testing::kWindowUpdate, 0, 1, Number(1 << 30)));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  const SecretBytes much(std::size_t{1} << 20);
  for (int i = 0; i < 8; ++i) kept_[0]->Send(much);
  EXPECT_EQ(listening_->sent, 0);
  EXPECT_TRUE(RunUntil([this] { return !cuts_.empty(); }));
  EXPECT_EQ(cuts_, std::vector<std::string>{"answers are not read"});
  EXPECT_TRUE(Closed());
}

TEST_F(GrpcConnectionTest, ManyWhoDoNotReadHoldNoMoreThanTheirShare) {
  Connect(/*scope=*/1);
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  const SecretBytes much(std::size_t{1} << 20);
  for (int i = 0; i < 9; ++i) kept_[0]->Send(much);
  Say(Frame(testing::kWindowUpdate, 0, 0, Number(1 << 30)) +
      Frame(testing::kWindowUpdate, 0, 1, Number(1 << 30)));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_LT(Messages(1).size(), std::size_t{8} << 20);
}

TEST_F(GrpcConnectionTest,
       WhoIsBehindAConnectionIsLookedAtOnceAndOnlyForACall) {
  Say(Hello());
  RunUntil([this] {
    Listen();
    return !Of(testing::kSettings, 0).empty();
  });
  EXPECT_EQ(looks_, 0);
  Say(Ask(1, "/t.T/Keep") + Ask(3, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 2; }));
  EXPECT_EQ(looks_, 1);
  EXPECT_EQ(kept_[0]->caller().process.name, "peer");
  EXPECT_EQ(kept_[1]->caller().process.name, "peer");
}

TEST_F(GrpcConnectionTest, OnlyWhoHasDoneNothingForAWhileMakesRoom) {
  EXPECT_FALSE(connections_.MakeRoom(7));
  EXPECT_FALSE(connections_.MakeRoom(0));  // it has only just come
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  EXPECT_FALSE(connections_.MakeRoom(0));
  kept_[0]->Finish(OkStatus());
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_FALSE(connections_.MakeRoom(0));
  EXPECT_TRUE(MakesRoomInTime());
  EXPECT_TRUE(Closed());
  EXPECT_FALSE(connections_.MakeRoom(0));
}

TEST_F(GrpcConnectionTest, TheSilentMakeRoomSooner) {
  EXPECT_FALSE(connections_.MakeRoom(0));
  EXPECT_TRUE(MakesRoomInTime());
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(GrpcConnectionTest, HangingUpOnAScopeLeavesTheOthers) {
  const UniqueFd main = std::move(peer_);
  Connect(/*scope=*/1);
  EXPECT_EQ(connections_.Count(0), 1U);
  EXPECT_EQ(connections_.Count(1), 1U);
  connections_.HangUp(1);
  EXPECT_TRUE(Closed());
  EXPECT_EQ(connections_.Count(0), 1U);
  EXPECT_EQ(connections_.Count(1), 0U);
}

TEST_F(GrpcConnectionTest, ShutdownLetsCallsEndAndTakesNoOthers) {
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  bool done = false;
  connections_.Shutdown(std::chrono::seconds(60), [&done] { done = true; });
  Say(Ask(3, "/t.T/Keep"));
  EXPECT_TRUE(RunUntil([this] {
    Listen();
    return !Of(testing::kGoaway, 0).empty();
  }));
  EXPECT_FALSE(done);
  kept_[0]->Send(SecretBytes::CopyOf("last"));
  kept_[0]->Finish(OkStatus());
  EXPECT_TRUE(done);
  EXPECT_TRUE(Closed());
  EXPECT_EQ(Messages(1), GrpcMessage("last"));
  EXPECT_EQ(kept_.size(), 1U);
}

TEST_F(GrpcConnectionTest, ShutdownCancelsWhatDoesNotEnd) {
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  bool done = false;
  connections_.Shutdown(milliseconds(10), [&done] { done = true; });
  EXPECT_TRUE(RunUntil([this] { return listening_->cancelled == 1; }));
  EXPECT_FALSE(done);
  kept_.clear();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace libretto
