#include "agent/core/metrics_page.h"

#include <gmock/gmock.h>

#include "agent/core/cache_report.h"
#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Result;

class CacheReportTest : public testing::ProfileTest {
 protected:
  CacheReportTest() {
    cloud_.Set("username", "alice");
    cloud_.Set("password", "hunter2");
    SignIn();
  }
  CacheReport Report() const { return ReportOn(profile_, clock_); }
};

TEST_F(CacheReportTest, CountsWhatIsHeldAndAsked) {
  EXPECT_EQ(Report().next_sync, std::nullopt);
  ListNow();
  Ask("username");
  Ask("username");
  const CacheReport report = Report();
  EXPECT_EQ(report.credentials, 2U);
  EXPECT_EQ(report.cached, 1U);
  EXPECT_GT(report.cached_bytes, 5U);
  EXPECT_EQ(report.limits.bytes, 4096U);
  EXPECT_EQ(report.hits, 1);
  EXPECT_EQ(report.misses, 1);
  EXPECT_EQ(report.last_sync, clock_.WallNow());
  EXPECT_EQ(report.offline_since, std::nullopt);
  EXPECT_EQ(report.cloud, Breaker::State::kClosed);
}

TEST_F(CacheReportTest, SaysWhenTheNextSyncIs) {
  Ask("username");
  Tick();
  EXPECT_EQ(Report().next_sync, clock_.WallNow() + seconds(300));
  Ask("username");
  EXPECT_EQ(Report().next_sync, clock_.WallNow() + seconds(30));
}

TEST_F(CacheReportTest, SaysSinceWhenTheCloudIsAwayAndWhenItIsTriedAgain) {
  Ask("username");
  const WallTime before = clock_.WallNow();
  cloud_.offline = true;
  Ask("password");
  const CacheReport report = Report();
  EXPECT_EQ(report.offline_since, before);
  EXPECT_EQ(report.cloud, Breaker::State::kWaiting);
  EXPECT_FALSE(report.told_to_wait);
  EXPECT_EQ(report.next_try, before + seconds(1));
}

class MetricsPageTest : public ::testing::Test {
 protected:
  std::string Page() {
    return MetricsPage(profiles_, clock_,
                       {"1.2.3", clock_.Now() - seconds(90), 7, 1 << 20});
  }

  testing::ManualClock clock_;
  testing::FakeCloud cloud_;
  testing::FakeStorage storage_;
  Profiles profiles_{
      ProfileOptions(), {cloud_, cloud_, cloud_, cloud_}, storage_, clock_};
};

TEST_F(MetricsPageTest, IsInTheExpositionFormat) {
  EXPECT_THAT(Page(), HasSubstr("# HELP libretto_agent_uptime_seconds Since "
                                "the agent was started.\n"
                                "# TYPE libretto_agent_uptime_seconds gauge\n"
                                "libretto_agent_uptime_seconds 90\n"));
  EXPECT_THAT(Page(), HasSubstr("libretto_agent_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(Page(), HasSubstr("libretto_agent_connections 7\n"));
  EXPECT_THAT(Page(), Not(HasSubstr("\n\n")));
}

TEST_F(MetricsPageTest, HasASampleForEachProfile) {
  std::unique_ptr<Profile> one_call;
  ASSERT_TRUE(profiles_.For({"work", "", {}}, one_call).ok());
  const std::string page = Page();
  EXPECT_THAT(page,
              HasSubstr("libretto_agent_credentials{profile=\"default\"} 0\n"
                        "libretto_agent_credentials{profile=\"work\"} 0\n"));
}

}  // namespace
}  // namespace libretto
