#include "agent/core/key_shield.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/seal.h"
#include "tests/fakes/manual_clock.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;

class KeyShieldTest : public ::testing::Test {
 protected:
  void SetUp() override {
    page_.Shield();
    (void)Seal(SecretBytes::CopyOf("text"), key_, "");
    // The page looks at the real clock.
    clock_.Advance(*page_.unshielded_since() - clock_.Now());
  }

  KeyPage& page_ = KeyPage::Get();
  testing::ManualClock clock_;
  KeyShield shield_{page_, clock_};
  const DataKey key_ = DataKey::Generate();
};

TEST_F(KeyShieldTest, ShieldsASecondAfterTheFirstUse) {
  clock_.Advance(milliseconds(999));
  shield_.Tick();
  EXPECT_TRUE(page_.unshielded_since().has_value());
  clock_.Advance(milliseconds(1));
  shield_.Tick();
  EXPECT_FALSE(page_.unshielded_since().has_value());
}

TEST_F(KeyShieldTest, UsesInARowDoNotMoveTheDeadline) {
  const auto deadline = shield_.NextDeadline();
  ASSERT_TRUE(deadline.has_value());
  (void)Seal(SecretBytes::CopyOf("text"), key_, "");
  EXPECT_EQ(shield_.NextDeadline(), deadline);
}

TEST_F(KeyShieldTest, HasNoDeadlineWhileShielded) {
  page_.Shield();
  EXPECT_FALSE(shield_.NextDeadline().has_value());
}

}  // namespace
}  // namespace libretto
