#include "cloud/core/rate_limiter.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"

namespace libretto::cloud {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Rate kThreeThenOneInTen = {3, seconds(10)};

class RateLimiterTest : public ::testing::Test {
 protected:
  seconds Take(const std::string& thing = "thing") {
    return limiter_.Take(thing, kThreeThenOneInTen);
  }

  libretto::testing::ManualClock clock_;
  RateLimiter limiter_{clock_};
};

TEST_F(RateLimiterTest, SoManyAtOnceAndNotOneMore) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Take(), seconds(0)) << i;
  EXPECT_EQ(Take(), seconds(10));
}

TEST_F(RateLimiterTest, OneComesBackAfterItsTimeAndNoSooner) {
  for (int i = 0; i < 3; ++i) (void)Take();
  clock_.Advance(milliseconds(9'999));
  EXPECT_EQ(Take(), seconds(1));
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(Take(), seconds(0));
  EXPECT_EQ(Take(), seconds(10));
}

TEST_F(RateLimiterTest, ARefusalIsNotHeldAgainstAnybody) {
  for (int i = 0; i < 3; ++i) (void)Take();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Take(), seconds(10));
}

TEST_F(RateLimiterTest, AllComeBackInTheEndAndNoMoreThanAll) {
  for (int i = 0; i < 3; ++i) (void)Take();
  clock_.Advance(std::chrono::hours(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Take(), seconds(0)) << i;
  EXPECT_EQ(Take(), seconds(10));
}

TEST_F(RateLimiterTest, ThingsAreCountedApart) {
  for (int i = 0; i < 3; ++i) (void)Take("one");
  EXPECT_EQ(Take("one"), seconds(10));
  EXPECT_EQ(Take("other"), seconds(0));
}

TEST_F(RateLimiterTest, AFloodOfThingsForgetsTheOneThatIsFreeSoonest) {
  for (int i = 0; i < 3; ++i) (void)Take("guessed at");
  for (std::size_t i = 0; i < RateLimiter::kMaxThings + 1'000; ++i) {
    EXPECT_EQ(Take(std::to_string(i)), seconds(0));
  }
  EXPECT_EQ(Take("guessed at"), seconds(10));
}

}  // namespace
}  // namespace libretto::cloud
