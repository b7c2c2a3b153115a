#include "agent/core/explain.h"

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using Rule = Explanation::Rule;
using Verdict = Explanation::Verdict;

class ExplainTest : public testing::ProfileTest {
 protected:
  Explanation Of(std::string_view name) {
    return Explain(profile_, name, clock_);
  }
  void Expect(std::string_view name, Verdict verdict, Rule rule) {
    const Explanation explanation = Of(name);
    EXPECT_EQ(explanation.verdict, verdict);
    EXPECT_EQ(explanation.rule, rule);
  }
};

TEST_F(ExplainTest, NobodyGetsWhatHasNoName) {
  SignIn();
  Expect("not a name", Verdict::kNo, Rule::kName);
  EXPECT_FALSE(Of("api_key").why_not.ok());
}

TEST_F(ExplainTest, WithoutALoginTheSessionSaysNo) {
  Expect("username", Verdict::kNo, Rule::kSession);
  EXPECT_EQ(Remedy(Of("username").why_not), "librettoctl cloud auth login");
}

TEST_F(ExplainTest, BeforeTheFirstListTheCloudDecides) {
  SignIn();
  Expect("username", Verdict::kCloudDecides, Rule::kCloud);
}

TEST_F(ExplainTest, TheLastListKnowsWhatThereIs) {
  SignIn();
  cloud_.Set("username", "alice");
  ListNow();
  Expect(" UserName ", Verdict::kYes, Rule::kList);
  EXPECT_EQ(Of("username").source, Credential::Source::kCloud);
  EXPECT_FALSE(Of("username").age.has_value());
  Expect("missing", Verdict::kCloudDecides, Rule::kList);
}

TEST_F(ExplainTest, WhatIsHeldComesFromMemoryAndHasAnAge) {
  SignIn();
  cloud_.Set("username", "alice");
  EXPECT_EQ(Ask("username"), "alice");
  clock_.Advance(std::chrono::seconds(12));
  Expect("username", Verdict::kYes, Rule::kCache);
  EXPECT_EQ(Of("username").source, Credential::Source::kMemory);
  EXPECT_EQ(Of("username").age, std::chrono::seconds(12));
}

TEST_F(ExplainTest, ItAsksNobodyAndChangesNothing) {
  SignIn();
  cloud_.Set("username", "alice");
  ListNow();
  const auto before = profile_.broker.counters();
  (void)Of("username");
  cloud_.Deliver();
  EXPECT_EQ(profile_.broker.counters().misses, before.misses);
  EXPECT_FALSE(profile_.cache.HasValue(Name("username")));
}

TEST_F(ExplainTest, SaysWhoReadItLast) {
  SignIn();
  EXPECT_FALSE(Of("username").last_read.has_value());
  profile_.last_reads.Note("username", {1000, 7, {}});
  profile_.last_reads.Note("username", {1000, 8, {}});
  ASSERT_TRUE(Of("username").last_read.has_value());
  EXPECT_EQ(Of("username").last_read->caller.pid, 8);
  EXPECT_EQ(Of("username").last_read->at, clock_.WallNow());
}

TEST_F(ExplainTest, WhatItRemembersOfReadersIsBounded) {
  for (std::size_t i = 0; i < LastReads::kMaxNames + 10; ++i) {
    clock_.Advance(std::chrono::seconds(1));
    profile_.last_reads.Note("n" + std::to_string(i), {1000, 7, {}});
  }
  EXPECT_EQ(profile_.last_reads.Of("n9"), nullptr);
  EXPECT_NE(profile_.last_reads.Of("n10"), nullptr);
}

}  // namespace
}  // namespace libretto
