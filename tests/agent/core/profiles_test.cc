#include "agent/core/profiles.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_cloud.h"
#include "tests/fakes/fake_stores.h"
#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::FakeCloud;
using testing::HasCode;
using testing::IsOk;

class ProfilesTest : public ::testing::Test {
 protected:
  static Account Stored(const std::string& cookie) {
    return {{FakeCloud::kUrl, SecretBytes::CopyOf(cookie)},
            "user",
            "casey@example.test",
            ""};
  }
  StatusOr<Profile*> For(const std::string& name) {
    return profiles_.For({name, "", SecretBytes()}, one_call_);
  }

  testing::ManualClock clock_;
  FakeCloud cloud_;
  testing::FakeStorage storage_;
  Profiles profiles_{
      ProfileOptions(), {cloud_, cloud_, cloud_, cloud_}, storage_, clock_};
  std::unique_ptr<Profile> one_call_;
};

TEST_F(ProfilesTest, AccountsLiveSideBySide) {
  storage_.sessions["work"].stored = Stored("s=work");
  Profile* const work = For("work").value();
  ASSERT_THAT(work->accounts.Load(), IsOk());
  EXPECT_TRUE(work->session.usable());
  EXPECT_FALSE(profiles_.Default().session.usable());
  EXPECT_EQ(For("work").value(), work);
  EXPECT_EQ(For("").value(), &profiles_.Default());
}

TEST_F(ProfilesTest, AProfilesNameIsAName) {
  for (const char* name :
       {"../x", "-a", "A", "a b", "a/b", "a23456789012345678901234567890123"}) {
    EXPECT_THAT(For(name), HasCode(StatusCode::kInvalidArgument)) << name;
  }
}

TEST_F(ProfilesTest, ThereIsALimit) {
  for (std::size_t i = 1; i < Profiles::kMaxProfiles; ++i) {
    ASSERT_THAT(For("p" + std::to_string(i)), IsOk());
  }
  EXPECT_THAT(For("more"), HasCode(StatusCode::kResourceExhausted));
  EXPECT_THAT(For("p1"), IsOk());
}

TEST_F(ProfilesTest, ALoginElsewhereIsTakenUp) {
  storage_.sessions["default"].stored = Stored("s=1");
  profiles_.Reload();
  EXPECT_TRUE(profiles_.Default().session.usable());
  const auto epoch = profiles_.Default().session.epoch();
  profiles_.Reload();
  EXPECT_EQ(profiles_.Default().session.epoch(), epoch);
  storage_.sessions["default"].stored = Stored("s=2");
  profiles_.Reload();
  EXPECT_GT(profiles_.Default().session.epoch(), epoch);
  EXPECT_EQ(profiles_.Default().session.account().cookie.text.Reveal(), "s=2");
}

TEST_F(ProfilesTest, ALogoutElsewhereIsALogout) {
  storage_.sessions["default"].stored = Stored("s=1");
  profiles_.Reload();
  profiles_.Default().lease.Acquire([](const StatusOr<ApiKey>&) {});
  cloud_.Deliver();
  ASSERT_EQ(cloud_.keys.size(), 1U);
  storage_.sessions["default"].stored.reset();
  profiles_.Reload();
  cloud_.Deliver();
  EXPECT_FALSE(profiles_.Default().session.usable());
  EXPECT_TRUE(cloud_.keys.empty());
}

TEST_F(ProfilesTest, AFileThatBrokeChangesNothing) {
  storage_.sessions["default"].stored = Stored("s=1");
  profiles_.Reload();
  storage_.sessions["default"].broken = true;
  profiles_.Reload();
  EXPECT_TRUE(profiles_.Default().session.usable());
}

TEST_F(ProfilesTest, AKeyOfTheCallersOwnIsForOneCall) {
  cloud_.Set("username", "alice");
  cloud_.keys["mine"] = "by hand";
  const auto profile = profiles_.For(
      {"", FakeCloud::kUrl, SecretBytes::CopyOf("secret of mine")}, one_call_);
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(*profile, one_call_.get());
  EXPECT_NE(*profile, &profiles_.Default());
  EXPECT_EQ((*profile)->session.state(), Session::State::kApiKey);
}

TEST_F(ProfilesTest, TheCloudThatIsMeantHasToBeTheLogins) {
  Profile& profile = profiles_.Default();
  const CallerContext elsewhere{"", "https://other.test", SecretBytes()};
  EXPECT_THAT(Profiles::CheckCloud(profile, elsewhere), IsOk());
  profile.session.SignIn(Stored("s=1"));
  EXPECT_THAT(Profiles::CheckCloud(profile, elsewhere),
              HasCode(StatusCode::kUnauthenticated));
  EXPECT_THAT(
      Profiles::CheckCloud(profile, {"", FakeCloud::kUrl, SecretBytes()}),
      IsOk());
}

TEST_F(ProfilesTest, StoppingReleasesEveryKey) {
  for (const char* name : {"default", "work"}) {
    storage_.sessions[name].stored = Stored("s=1");
    Profile* const profile = For(name).value();
    ASSERT_THAT(profile->accounts.Load(), IsOk());
    profile->lease.Acquire([](const StatusOr<ApiKey>&) {});
  }
  cloud_.Deliver();
  ASSERT_EQ(cloud_.keys.size(), 2U);
  std::optional<Status> released;
  profiles_.ReleaseKeys([&released](Status status) { released = status; });
  cloud_.Deliver();
  EXPECT_THAT(released.value(), IsOk());
  EXPECT_TRUE(cloud_.keys.empty());
}

}  // namespace
}  // namespace libretto
