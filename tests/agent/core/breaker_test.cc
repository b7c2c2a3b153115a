#include "agent/core/breaker.h"

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using Urgency = Breaker::Urgency;
using State = Breaker::State;

class BreakerTest : public ::testing::Test {
 protected:
  using Entry = std::optional<StatusOr<Breaker::Ticket>>;

  void Enter(Entry& entry, Urgency urgency = Urgency::kUsual) {
    breaker_.Enter(urgency, [&entry](StatusOr<Breaker::Ticket> ticket) {
      EXPECT_FALSE(entry.has_value()) << "completed twice";
      entry = std::move(ticket);
    });
  }
  // A request that is let in at once and ends so.
  void Ask(const Status& outcome) {
    Entry entry;
    Enter(entry);
    ASSERT_TRUE(entry.has_value());
    ASSERT_THAT(*entry, IsOk());
    breaker_.Leave(**entry, outcome);
  }
  seconds Wait() const {
    return std::chrono::ceil<seconds>(*breaker_.next_try() - clock_.Now());
  }
  void PassTheWait() { clock_.Advance(*breaker_.next_try() - clock_.Now()); }
  void Advance(std::chrono::nanoseconds by) {
    clock_.Advance(by);
    breaker_.Tick();
  }

  testing::ManualClock clock_;
  double random_ = 1.0;
  const Breaker::Jitter jitter_ = [this] { return random_; };
  Breaker breaker_{clock_, jitter_};
  const Status away_ = Offline("cannot reach cloud.test");
};

TEST_F(BreakerTest, RequestsFlowWhileTheCloudAnswers) {
  for (const Status& answer : {OkStatus(), NotFound("none"), Denied("no")}) {
    Ask(answer);
    EXPECT_EQ(breaker_.state(), State::kClosed);
  }
}

TEST_F(BreakerTest, TheWaitDoublesWithEachFailureUpToAMinute) {
  std::vector<seconds> waits;
  for (int i = 0; i < 8; ++i) {
    Ask(away_);
    waits.push_back(Wait());
    PassTheWait();
  }
  EXPECT_EQ(waits, (std::vector<seconds>{seconds(1), seconds(2), seconds(4),
                                         seconds(8), seconds(16), seconds(32),
                                         seconds(60), seconds(60)}));
}

TEST_F(BreakerTest, TheJitterTakesUpToHalfOfTheWait) {
  random_ = 0.0;
  Ask(away_);
  EXPECT_EQ(*breaker_.next_try() - clock_.Now(), milliseconds(500));
  PassTheWait();
  random_ = 0.5;
  Ask(away_);
  EXPECT_EQ(*breaker_.next_try() - clock_.Now(), milliseconds(1500));
}

TEST_F(BreakerTest, WhoAsksInALongWaitIsToldAtOnce) {
  for (int i = 0; i < 3; ++i) {
    Ask(away_);
    if (i < 2) PassTheWait();
  }
  Entry refused;
  Enter(refused);
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(*refused, HasCode(StatusCode::kUnavailable));
  EXPECT_THAT(*refused, MessageHas("cannot reach cloud.test"));
  EXPECT_THAT(*refused, MessageHas("again in 4 s"));
}

TEST_F(BreakerTest, AShortWaitIsWaitedOut) {
  Ask(away_);
  Entry waiting;
  Enter(waiting);
  EXPECT_FALSE(waiting.has_value());
  EXPECT_EQ(breaker_.NextDeadline(), clock_.Now() + seconds(1));
  Advance(milliseconds(999));
  EXPECT_FALSE(waiting.has_value());
  Advance(milliseconds(1));
  ASSERT_TRUE(waiting.has_value());
  EXPECT_THAT(*waiting, IsOk());
}

TEST_F(BreakerTest, OneRequestProbesAndTheOthersFollowIt) {
  Ask(away_);
  PassTheWait();
  std::vector<Entry> entries(3);
  for (Entry& entry : entries) Enter(entry);
  ASSERT_TRUE(entries[0].has_value());
  EXPECT_EQ(breaker_.state(), State::kProbing);
  EXPECT_FALSE(entries[1].has_value());
  breaker_.Leave(**entries[0], OkStatus());
  EXPECT_EQ(breaker_.state(), State::kClosed);
  ASSERT_TRUE(entries[1].has_value() && entries[2].has_value());
  EXPECT_THAT(*entries[2], IsOk());
}

TEST_F(BreakerTest, WhoWaitedForAProbeHearsHowItFailed) {
  Ask(away_);
  PassTheWait();
  std::vector<Entry> entries(3);
  for (Entry& entry : entries) Enter(entry);
  breaker_.Leave(**entries[0], Offline("still away"));
  EXPECT_EQ(breaker_.state(), State::kWaiting);
  for (const std::size_t i : {1U, 2U}) {
    ASSERT_TRUE(entries[i].has_value());
    EXPECT_THAT(*entries[i], MessageHas("still away"));
  }
}

TEST_F(BreakerTest, RequestsThatFailTogetherAreOneFailure) {
  std::vector<Entry> entries(60);
  for (Entry& entry : entries) Enter(entry);
  for (Entry& entry : entries) breaker_.Leave(**entry, away_);
  EXPECT_EQ(Wait(), seconds(1));
  EXPECT_TRUE(breaker_.idle());
}

TEST_F(BreakerTest, WhatTheCloudAsksToWaitIsObeyedByAll) {
  Ask(Throttled("slow down", seconds(30)));
  EXPECT_TRUE(breaker_.told_to_wait());
  for (const Urgency urgency : {Urgency::kUsual, Urgency::kAsked}) {
    Entry refused;
    Enter(refused, urgency);
    ASSERT_TRUE(refused.has_value());
    EXPECT_THAT(*refused, HasCode(StatusCode::kResourceExhausted));
    EXPECT_EQ(WaitOf(refused->status()), seconds(30));
  }
  clock_.Advance(seconds(10));
  Entry later;
  Enter(later);
  EXPECT_EQ(WaitOf(later->status()), seconds(20));
}

TEST_F(BreakerTest, AnOlderRequestThatWorkedDoesNotEndTheWait) {
  Entry before;
  Enter(before);
  Ask(Throttled("slow down", seconds(30)));
  breaker_.Leave(**before, OkStatus());
  EXPECT_EQ(breaker_.state(), State::kWaiting);
  EXPECT_EQ(Wait(), seconds(30));
}

TEST_F(BreakerTest, TheLongestOfWhatItAsksCounts) {
  std::vector<Entry> entries(2);
  for (Entry& entry : entries) Enter(entry);
  breaker_.Leave(**entries[0], Throttled("slow down", seconds(5)));
  breaker_.Leave(**entries[1], Throttled("slow down", seconds(60)));
  EXPECT_EQ(Wait(), seconds(60));
}

TEST_F(BreakerTest, ACloudThatAsksForASecondEachTimeIsAskedLessAndLess) {
  std::vector<seconds> waits;
  for (int i = 0; i < 4; ++i) {
    Ask(Throttled("slow down", seconds(1)));
    waits.push_back(Wait());
    PassTheWait();
  }
  EXPECT_EQ(waits, (std::vector<seconds>{seconds(1), seconds(2), seconds(4),
                                         seconds(8)}));
}

TEST_F(BreakerTest, APersonMayTryBeforeOurOwnBackOffIsOver) {
  for (int i = 0; i < 4; ++i) {
    Ask(away_);
    if (i < 3) PassTheWait();
  }
  Entry asked;
  Enter(asked, Urgency::kAsked);
  ASSERT_TRUE(asked.has_value());
  ASSERT_THAT(*asked, IsOk());
  EXPECT_EQ(breaker_.state(), State::kProbing);
  breaker_.Leave(**asked, OkStatus());
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST(BreakersTest, ProfilesAndCloudsHaveTheirOwn) {
  testing::ManualClock clock;
  Breakers breakers(clock, [] { return 1.0; });
  EXPECT_EQ(breakers.Find("a", "https://x"), nullptr);
  Breaker& one = breakers.For("a", "https://x");
  EXPECT_EQ(&breakers.For("a", "https://x"), &one);
  EXPECT_EQ(breakers.Find("a", "https://x"), &one);
  EXPECT_NE(&breakers.For("b", "https://x"), &one);
  EXPECT_NE(&breakers.For("a", "https://y"), &one);
}

TEST(BreakersTest, OneThatIsInUseIsNotForgotten) {
  testing::ManualClock clock;
  Breakers breakers(clock, [] { return 1.0; });
  Breaker& used = breakers.For("", "https://used");
  StatusOr<Breaker::Ticket> ticket = 0;
  used.Enter(Urgency::kUsual, [&ticket](StatusOr<Breaker::Ticket> given) {
    ticket = std::move(given);
  });
  for (std::size_t i = 0; i < 2 * Breakers::kMax; ++i) {
    breakers.For("", "https://" + std::to_string(i));
  }
  EXPECT_EQ(breakers.Find("", "https://used"), &used);
  used.Leave(*ticket, OkStatus());
}

TEST(RandomFractionTest, IsBetweenZeroAndOneAndNotAlwaysTheSame) {
  const double first = RandomFraction();
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const double next = RandomFraction();
    EXPECT_GE(next, 0.0);
    EXPECT_LT(next, 1.0);
    differs = differs || next != first;
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace libretto
