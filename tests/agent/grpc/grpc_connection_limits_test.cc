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

TEST_F(GrpcConnectionTest, AfterASleepTheCallerIsAskedFirst) {
  Say(Hello() + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  clock_.jumped = std::chrono::hours(8);
  ASSERT_TRUE(RunUntil([this] {
    Listen();
    return !Of(testing::kPing, 0).empty();
  }));
  Say(Frame(testing::kPing, testing::kAck, 0,
            Of(testing::kPing, 0)[0].payload) +
      Ask(3, "/t.T/Echo"));
  ASSERT_TRUE(RunUntil([this] { return Ended(3); }));
  EXPECT_TRUE(cuts_.empty());
}

// SETTINGS_INITIAL_WINDOW_SIZE: 0.
const std::string kNoWindow =
    testing::kPreface +
    Frame(testing::kSettings, 0, 0, Number(4, 2) + Number(0));

TEST_F(GrpcConnectionTest, WhoMakesNoRoomForAnAnswerIsCut) {
  Say(kNoWindow + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  kept_[0]->Answer(SecretBytes::CopyOf("x"));
  // To say something else is not to read.
  int turn = 0;
  EXPECT_TRUE(RunUntil([this, &turn] {
    if (cuts_.empty() && turn++ < 100) {
      Say(Frame(testing::kPing, 0, 0, Number(0, 8)));
    }
    Listen();
    return !cuts_.empty();
  }));
  EXPECT_EQ(cuts_, std::vector<std::string>{"answers are not read"});
}

TEST_F(GrpcConnectionTest, AWatcherMayPauseForAsLongAsItLikes) {
  Say(kNoWindow + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  kept_[0]->Send(SecretBytes::CopyOf("event"));
  int pings = 0;
  ASSERT_TRUE(RunUntil([this, &pings] {
    Listen();
    const auto asked = Of(testing::kPing, 0);
    if (static_cast<int>(asked.size()) > pings) {
      Say(Frame(testing::kPing, testing::kAck, 0, asked.back().payload));
      ++pings;
    }
    return pings == 3;
  }));
  EXPECT_TRUE(cuts_.empty());
  EXPECT_EQ(listening_->sent, 0);
}

TEST_F(GrpcConnectionTest, WhoAsksOnAndOnHasToListen) {
  Say(kNoWindow + Headers(1, "/t.T/Talk"));
  const std::string message = GrpcMessage(std::string(16'000, 'x'));
  for (int i = 0; i < 40; ++i) {
    Say(Data(1, message, 0));
    loop_.context().restart();
    loop_.context().poll();
  }
  Say(Frame(testing::kWindowUpdate, 0, 0, Number(1 << 30)) +
      Frame(testing::kWindowUpdate, 0, 1, Number(1 << 30)));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_GT(Messages(1).size(), std::size_t{256} << 10);
  EXPECT_LT(Messages(1).size(), std::size_t{300} << 10);
}

TEST_F(GrpcConnectionTest, TooManyHeadersAreToldSo) {
  std::string more;
  for (int i = 0; i < 100; ++i) more += Field("x", std::string(120, 'y'));
  ASSERT_LT(more.size(), 15'000U);
  for (int i = 0; i < 60; ++i) more += Field("z", "");
  Say(Hello() + Headers(1, "/t.T/Echo", more) + Data(1, GrpcMessage("ask")));
  ASSERT_TRUE(RunUntil([this] { return Ended(1); }));
  EXPECT_EQ(Messages(1), "");
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(GrpcConnectionTest, WhoBreaksTheRulesBehindTheGuardIsCutToo) {
  // The guard does not look into header blocks: this one is no HPACK.
  Say(Hello() + Frame(testing::kHeaders, testing::kEndHeaders, 1, "\xff\xff"));
  EXPECT_TRUE(Closed());
  EXPECT_EQ(cuts_, std::vector<std::string>{"it breaks HTTP/2's rules"});
}

TEST_F(GrpcConnectionTest, WhoDoesNotReadHoldsLittleAndIsCut) {
  Say(Hello() + Ask(1, "/t.T/Keep") +
      Frame(testing::kWindowUpdate, 0, 0, Number(1 << 30)) +
      Frame(testing::kWindowUpdate, 0, 1, Number(1 << 30)));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  const SecretBytes much(std::size_t{1} << 20);
  for (int i = 0; i < 8; ++i) kept_[0]->Send(much);
  EXPECT_TRUE(RunUntil([this] { return !cuts_.empty(); }));
  EXPECT_EQ(listening_->sent, 0);
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
  EXPECT_LE(Messages(1).size(), std::size_t{4} << 20);
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

// Keeps every request.
class Keeper final : public GrpcSession::Events {
 public:
  void OnCall(std::int32_t, std::string_view) override {}
  bool OnRequest(std::int32_t, SecretBytes) override { return true; }
  void OnRequestsEnd(std::int32_t) override {}
  void OnSent(std::int32_t) override {}
  void OnClosed(std::int32_t) override {}
  bool OnHeld(std::ptrdiff_t more) override {
    held += more;
    return true;
  }
  std::ptrdiff_t held = 0;
};

TEST(GrpcSessionTest, ARequestThatIsWholeCountsUntilTheRequestsEnd) {
  Keeper keeper;
  GrpcSession session(keeper);
  const std::string message = GrpcMessage(std::string(10'000, 'x'));
  ASSERT_TRUE(
      session.Receive(Hello() + Headers(1, "/t.T/Keep") + Data(1, message, 0)));
  EXPECT_EQ(keeper.held, static_cast<std::ptrdiff_t>(message.size()));
  ASSERT_TRUE(session.Receive(Data(1, "")));
  EXPECT_EQ(keeper.held, 0);
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
  kept_[0]->Answer(SecretBytes::CopyOf("last"));
  EXPECT_TRUE(Closed());
  EXPECT_TRUE(done);
  EXPECT_EQ(Messages(1), GrpcMessage("last"));
  EXPECT_EQ(kept_.size(), 1U);
}

TEST_F(GrpcConnectionTest, ShutdownWaitsForAnswersToBeRead) {
  Say(kNoWindow + Ask(1, "/t.T/Keep"));
  ASSERT_TRUE(RunUntil([this] { return kept_.size() == 1; }));
  bool done = false;
  connections_.Shutdown(std::chrono::seconds(60), [&done] { done = true; });
  kept_[0]->Answer(SecretBytes::CopyOf("late"));
  EXPECT_FALSE(done);
  Say(Frame(testing::kWindowUpdate, 0, 1, Number(100)));
  EXPECT_TRUE(RunUntil([&done] { return done; }));
  Listen();
  EXPECT_EQ(Messages(1), GrpcMessage("late"));
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
