#include "agent/net/loop.h"

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"

namespace libretto {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(LoopTest, ASleepIsNoticedAtTheNextThingThatHappensAndOnce) {
  const testing::ManualClock clock;
  std::chrono::nanoseconds slept = hours(5);  // before the agent was started
  Loop loop(clock, [&slept] { return slept; });
  int resumed = 0;
  loop.OnResume([&resumed] { ++resumed; });
  std::vector<int> seen;
  const auto look = [&] { seen.push_back(resumed); };
  loop.Post(look);
  loop.Post([&slept] { slept += milliseconds(1); });  // two clocks, read apart
  loop.Post(look);
  loop.Post([&slept] { slept += hours(8); });
  loop.Post(look);
  loop.Post(look);
  loop.Post([&loop] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(seen, (std::vector<int>{0, 0, 1, 1}));
}

TEST(LoopTest, TheMachinesOwnClocksAgree) {
  const testing::ManualClock clock;
  Loop loop(clock);
  bool resumed = false;
  loop.OnResume([&resumed] { resumed = true; });
  loop.Post([&loop] { loop.Stop(); });
  loop.Run();
  EXPECT_FALSE(resumed);
}

}  // namespace
}  // namespace libretto
