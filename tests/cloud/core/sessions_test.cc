#include "cloud/core/sessions.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;
using std::chrono::hours;
using std::chrono::milliseconds;

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() {
    parts_.SignUp("ann");
    login_ = *parts_.store->LoginByEmail("ann@example.test");
  }

  SignedIn Start(bool remember = true) {
    auto started = parts_.sessions.Start(login_, remember, "test");
    EXPECT_THAT(started, IsOk());
    return *std::move(started);
  }

  bool Lives(const SignedIn& session) {
    const auto found = parts_.sessions.Find(session.token);
    if (!found.ok()) {
      EXPECT_EQ(RefusalOf(found.status()), Refusal::kSignedOut);
    }
    return found.ok();
  }

  bool Extends(const SignedIn& session) {
    auto found = parts_.sessions.Find(session.token);
    EXPECT_THAT(found, IsOk());
    const auto extended = parts_.sessions.ExtendIfDue(found->session);
    EXPECT_THAT(extended, IsOk());
    return extended.value_or(false);
  }

  void Sleep(std::chrono::nanoseconds time) { parts_.clock.Advance(time); }

  testing::CloudParts parts_;
  Login login_;
};

TEST_F(SessionsTest, AnUnusedSessionLastsSevenDays) {
  const SignedIn session = Start();
  Sleep(hours(24 * 7) - milliseconds(1));
  EXPECT_TRUE(Lives(session));
  Sleep(milliseconds(1));
  EXPECT_FALSE(Lives(session));
}

TEST_F(SessionsTest, ASessionThatIsNotRememberedLastsADayAndIsNotExtended) {
  const SignedIn session = Start(/*remember=*/false);
  Sleep(hours(24) - milliseconds(1));
  EXPECT_FALSE(Extends(session));
  Sleep(milliseconds(1));
  EXPECT_FALSE(Lives(session));
}

TEST_F(SessionsTest, UseExtendsAtMostOnceADay) {
  const SignedIn session = Start();
  Sleep(hours(24) - milliseconds(1));
  EXPECT_FALSE(Extends(session));
  Sleep(milliseconds(1));
  EXPECT_TRUE(Extends(session));
  EXPECT_FALSE(Extends(session));
}

TEST_F(SessionsTest, ASessionThatIsUsedOutlivesItsSevenDays) {
  const SignedIn session = Start();
  for (int day = 0; day < 30; ++day) {
    Sleep(hours(24));
    EXPECT_TRUE(Extends(session)) << day;
  }
  Sleep(hours(24 * 7));
  EXPECT_FALSE(Lives(session));
}

TEST_F(SessionsTest, EndingOneLeavesTheOthers) {
  const SignedIn one = Start();
  const SignedIn other = Start();
  ASSERT_THAT(parts_.sessions.End(one.token), IsOk());
  EXPECT_FALSE(Lives(one));
  EXPECT_TRUE(Lives(other));
  EXPECT_THAT(parts_.sessions.End(one.token), IsOk());
}

TEST_F(SessionsTest, APasswordThatIsNotTheUsersAnyMoreStartsNone) {
  login_.password_hash = "of the password before";
  EXPECT_EQ(RefusalOf(parts_.sessions.Start(login_, true, "").status()),
            Refusal::kWrongEmailOrPassword);
}

TEST_F(SessionsTest, AUserAgentIsKeptPrintableAndShort) {
  const auto session = parts_.sessions.Start(
      login_, true, "a\x1b[31m\xff" + std::string(1000, 'x'));
  ASSERT_THAT(session, IsOk());
  const std::string& kept = session->session.user_agent;
  EXPECT_TRUE(kept.starts_with("a\\x1b[31m\\xff")) << kept;
  EXPECT_LE(kept.size(), 260U);
}

}  // namespace
}  // namespace libretto::cloud
