#include "agent/core/browser_login.h"

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeCloud;
using testing::HasCode;
using testing::IsOk;
using testing::Result;
using Kind = BrowserLoginState::Kind;

class BrowserLoginTest : public testing::ProfileTest {
 protected:
  void Start() {
    id_ = profile_.browser_login.Start(
        FakeCloud::kUrl,
        [this](const BrowserLoginRequest* request) {
          if (request != nullptr) opened_ = request->id;
          ++progress_;
        },
        result_.Into());
    cloud_.Deliver();
  }
  void Poll() {
    profile_.browser_login.Tick();
    cloud_.Deliver();
  }

  std::uint64_t id_ = 0;
  std::string opened_;
  int progress_ = 0;
  Result<SignedInAs> result_;
};

TEST_F(BrowserLoginTest, SaysAtOnceWhatToOpen) {
  Start();
  EXPECT_EQ(opened_, "request");
  EXPECT_EQ(profile_.browser_login.NextDeadline(), clock_.Now());
}

TEST_F(BrowserLoginTest, AsksEveryTwoSecondsUntilSomebodyApproved) {
  Start();
  Poll();
  Poll();  // not yet due
  EXPECT_EQ(cloud_.Count("PollBrowserLogin"), 1);
  EXPECT_EQ(profile_.browser_login.NextDeadline(), clock_.Now() + seconds(2));
  cloud_.browser_login = Kind::kApproved;
  clock_.Advance(seconds(2));
  Poll();
  EXPECT_EQ(result_.value().email, "casey@example.test");
  EXPECT_TRUE(profile_.session.usable());
  EXPECT_TRUE(store_.stored.has_value());
  EXPECT_EQ(profile_.browser_login.NextDeadline(), std::nullopt);
}

TEST_F(BrowserLoginTest, ADroppedConnectionIsNoReasonToGiveUp) {
  Start();
  cloud_.offline = true;
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(seconds(2));
    Poll();
  }
  EXPECT_FALSE(result_.arrived());
  cloud_.offline = false;
  cloud_.browser_login = Kind::kApproved;
  clock_.Advance(seconds(2));
  Poll();
  EXPECT_THAT(result_.get(), IsOk());
}

TEST_F(BrowserLoginTest, AnExpiredRequestEndsIt) {
  Start();
  cloud_.browser_login = Kind::kExpired;
  Poll();
  EXPECT_THAT(result_.get(), HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(BrowserLoginTest, NobodyWaitsLongerThanTenMinutes) {
  Start();
  clock_.Advance(minutes(10));
  Poll();
  EXPECT_THAT(result_.get(), HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(BrowserLoginTest, AnUnreachableCloudIsSaidAtOnce) {
  cloud_.offline = true;
  Start();
  EXPECT_THAT(result_.get(), HasCode(StatusCode::kUnavailable));
}

TEST_F(BrowserLoginTest, WhoLeavesIsNotCalledAgain) {
  Start();
  profile_.browser_login.Tick();
  profile_.browser_login.Cancel(id_);
  cloud_.browser_login = Kind::kApproved;
  cloud_.Deliver();
  EXPECT_FALSE(result_.arrived());
  EXPECT_FALSE(profile_.session.usable());
}

}  // namespace
}  // namespace libretto
