// Calls on one connection: how they are answered.
#include "tests/agent/grpc/grpc_connection_fixture.h"

namespace libretto {
namespace {

TEST_F(GrpcConnectionTest, AWholeCallIsAnsweredInOnePiece) {
  Say(Hello() + Ask(1, "/t.T/Echo", "hello"));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_EQ(Messages(1), GrpcMessage("hello"));
  EXPECT_EQ(Of(testing::kHeaders, 1).size(), 2U);
  EXPECT_EQ(connections_.Count(0), 1U);
}

TEST_F(GrpcConnectionTest, ManyCallsAtOnceAreEachAnswered) {
  std::string calls = Hello();
  for (std::uint32_t id = 1; id < 60; id += 2) {
    calls += Ask(id, "/t.T/Echo", "to " + std::to_string(id));
  }
  Say(calls);
  for (int id = 1; id < 60; id += 2) {
    ASSERT_TRUE(RunUntil([this, id] { return Ended(id); })) << id;
    EXPECT_EQ(Messages(id), GrpcMessage("to " + std::to_string(id)));
  }
}

TEST_F(GrpcConnectionTest, BytesMayComeOneByOne) {
  for (const char byte : Hello() + Ask(1, "/t.T/Echo")) {
    Say(std::string(1, byte));
    loop_.context().restart();
    loop_.context().poll();
  }
  EXPECT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_EQ(Messages(1), GrpcMessage("ask"));
}

TEST_F(GrpcConnectionTest, ALargeAnswerWaitsForItsWindow) {
  Say(Hello() + Headers(1, "/t.T/Talk"));
  std::string said;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::string message = GrpcMessage(std::string(16'000, 'x'));
    said += message;
    Say(Data(1, message.substr(0, 16'000), 0) +
        Data(1, message.substr(16'000), 0));
    ASSERT_TRUE(RunUntil([this, i] {
      Listen();
      return Messages(1).size() >= std::min<std::size_t>(65'535, 16'005 * i);
    }));
  }
  EXPECT_EQ(Messages(1).size(), 65'535U);
  Say(Frame(testing::kWindowUpdate, 0, 0, Number(200'000)) +
      Frame(testing::kWindowUpdate, 0, 1, Number(200'000)) + Data(1, ""));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_EQ(Messages(1), said);
}

TEST_F(GrpcConnectionTest, AFailureIsHeadersAloneWithItsRemedy) {
  Say(Hello() + Ask(1, "/t.T/Fail"));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  ASSERT_EQ(Of(testing::kHeaders, 1).size(), 1U);
  EXPECT_EQ(Messages(1), "");
}

TEST_F(GrpcConnectionTest, WhatIsNoCallOfOursIsRefused) {
  Say(Hello() + Ask(1, "/t.T/Nothing") +
      Headers(3, "/t.T/Echo", "", "text/plain") + Data(3, "x") +
      Headers(5, "/t.T/Echo", Field("grpc-encoding", "gzip")) +
      Data(5, "\x01" + Number(1) + "x") + Headers(7, "/t.T/Echo") +
      Data(7, "\x01" + Number(1) + "x") + Headers(9, "/t.T/Echo") +
      Data(9, GrpcMessage("ask").substr(0, 6)) + Headers(11, "/t.T/Echo") +
      Data(11, "") + Headers(13, "/t.T/Echo") +
      Data(13, GrpcMessage("a") + GrpcMessage("b")));
  for (int id = 1; id <= 13; id += 2) {
    EXPECT_TRUE(RunUntil([this, id] { return Ended(id); })) << id;
    EXPECT_EQ(Messages(id), "") << id;
  }
  Say(Ask(15, "/t.T/Echo"));
  EXPECT_TRUE(RunUntil([this] { return Ended(15); }));
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(GrpcConnectionTest, WhoIsRefusedEarlyNeedNotGoOn) {
  Say(Hello() + Headers(1, "/t.T/Nothing"));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  ASSERT_TRUE(RunUntil([this] {
    Listen();
    return !Of(testing::kRstStream, 1).empty();
  }));
  EXPECT_EQ(Of(testing::kRstStream, 1)[0].payload, Number(0));  // NO_ERROR
}

TEST_F(GrpcConnectionTest, AConversationAnswersEachMessageInTurn) {
  Say(Hello() + Headers(1, "/t.T/Talk") + Data(1, GrpcMessage("one"), 0));
  ASSERT_TRUE(RunUntil([this] {
    Listen();
    return Messages(1) == GrpcMessage("one");
  }));
  Say(Data(1, GrpcMessage("two")));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_EQ(Messages(1), GrpcMessage("one") + GrpcMessage("two"));
  Say(Headers(3, "/t.T/Talk") + Data(3, GrpcMessage("stop")));
  ASSERT_TRUE(RunUntil([this] { return Ended(3); }));
  EXPECT_EQ(Messages(3), "");
}

TEST_F(GrpcConnectionTest, AStreamHearsWhenItsMessagesAreOnTheirWay) {
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  kept_[0]->Send(SecretBytes::CopyOf("event"));
  EXPECT_TRUE(RunUntil([this] { return listening_->sent == 1; }));
  kept_[0]->Send(SecretBytes::CopyOf("more"));
  EXPECT_TRUE(RunUntil([this] { return listening_->sent == 2; }));
  kept_[0]->Finish(OkStatus());
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_EQ(Messages(1), GrpcMessage("event") + GrpcMessage("more"));
  EXPECT_EQ(listening_->cancelled, 0);
}

TEST_F(GrpcConnectionTest, WhoGivesUpIsNoticedAndTheAnswerGoesNowhere) {
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  Say(Frame(testing::kRstStream, 0, 1, Number(8)));
  EXPECT_TRUE(RunUntil([this] { return listening_->cancelled == 1; }));
  kept_[0]->Send(SecretBytes::CopyOf("late"));
  kept_[0]->Finish(OkStatus());
  Say(Ask(3, "/t.T/Echo"));
  ASSERT_TRUE(RunUntil([this] { return Ended(3); }));
  EXPECT_EQ(Messages(1), "");
}

TEST_F(GrpcConnectionTest, WhoLeavesIsGone) {
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  peer_.Reset();
  EXPECT_TRUE(RunUntil([this] { return listening_->cancelled == 1; }));
  EXPECT_EQ(connections_.Count(0), 0U);
  kept_[0]->Finish(OkStatus());
  EXPECT_TRUE(cuts_.empty());
}

}  // namespace
}  // namespace libretto
