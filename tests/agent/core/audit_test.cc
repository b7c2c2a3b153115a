#include "agent/core/audit.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent/core/audited_storage.h"
#include "tests/fakes/fake_stores.h"
#include "tests/fakes/manual_clock.h"

namespace libretto {
namespace {

class RecordingSink final : public AuditSink {
 public:
  Status Append(std::string_view fields) override {
    if (full_disk) return Internal("no space left on device");
    records.emplace_back(fields);
    ++head_.sequence;
    return OkStatus();
  }
  void NoteHead() override { noted = head_.sequence; }
  AuditHead head() const override { return head_; }

  bool full_disk = false;
  std::uint64_t noted = 0;
  std::vector<std::string> records;

 private:
  AuditHead head_;
};

class AuditTest : public ::testing::Test {
 protected:
  static bool Has(const std::string& record, const std::string& part) {
    return record.find(part) != std::string::npos;
  }

  testing::ManualClock clock_;
  RecordingSink sink_;
  std::vector<Status> changes_;
  Audit audit_{sink_, clock_,
               [this](const Status& status) { changes_.push_back(status); }};
  const Caller caller_{
      1000, 321, /*scope=*/0, {77, "node", "/usr/bin/node", "/user"}};
};

TEST_F(AuditTest, ARecordSaysWhoWhatAndWhatCameOfIt) {
  const AuditEvent event{.verb = "Credentials.Get",
                         .caller = caller_,
                         .name = *CredentialName::Parse("openai_api_key"),
                         .outcome = AuditEvent::Outcome::kRefused,
                         .reason = "denied"};
  EXPECT_EQ(AuditFields(event, WallTime(std::chrono::milliseconds(1'500))),
            R"("time":"1970-01-01T00:00:01.500Z","verb":"Credentials.Get",)"
            R"("name":"openai_api_key","outcome":"refused","reason":"denied",)"
            R"("uid":1000,"pid":321,"started":77,"process":"node",)"
            R"("executable":"/usr/bin/node","cgroup":"/user")");
}

TEST_F(AuditTest, WhatATerminalWouldActOnIsEscaped) {
  Caller caller = caller_;
  caller.process.name = "a\x1b]0;b\a\"\\\n";
  const AuditEvent event{
      .verb = "Credentials.Get",
      .caller = caller,
      .name = *CredentialName::Verbatim("\x1b[2Jx\r\n\xe2\x80\xae\xc3\xa9")};
  for (const char c : AuditFields(event, WallTime())) {
    EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  }
}

TEST_F(AuditTest, WhatCannotBeWrittenIsCountedAndSaidAsSoonAsItCanBe) {
  audit_.Record({.verb = "One"});
  sink_.full_disk = true;
  audit_.Record({.verb = "Two"});
  audit_.Record({.verb = "Three"});
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_FALSE(changes_[0].ok());
  EXPECT_EQ(audit_.state().lost, 2U);
  EXPECT_FALSE(audit_.state().writing.ok());
  sink_.full_disk = false;
  audit_.Record({.verb = "Four"});
  ASSERT_EQ(sink_.records.size(), 3U);
  EXPECT_TRUE(Has(sink_.records[1], R"("verb":"Audit.Lost")"));
  EXPECT_TRUE(Has(sink_.records[1], R"("count":2)"));
  EXPECT_TRUE(Has(sink_.records[2], R"("verb":"Four")"));
  EXPECT_EQ(changes_.size(), 2U);
  EXPECT_TRUE(audit_.state().writing.ok());
  EXPECT_EQ(audit_.state().lost, 2U);
}

TEST_F(AuditTest, ManyRefusalsAreOneRecordASecond) {
  for (int i = 0; i < 1'000; ++i) audit_.RecordRefused(caller_);
  ASSERT_EQ(sink_.records.size(), 1U);
  EXPECT_TRUE(Has(sink_.records[0], R"("reason":"another_user")"));
  audit_.Tick();
  EXPECT_EQ(sink_.records.size(), 1U);
  clock_.Advance(std::chrono::seconds(1));
  audit_.Tick();
  ASSERT_EQ(sink_.records.size(), 2U);
  EXPECT_TRUE(Has(sink_.records[1], R"("count":999)"));
  clock_.Advance(std::chrono::minutes(1));
  audit_.Tick();
  EXPECT_FALSE(audit_.NextDeadline().has_value());
  clock_.Advance(std::chrono::seconds(1));
  audit_.RecordRefused(caller_);
  EXPECT_EQ(sink_.records.size(), 3U);
}

TEST_F(AuditTest, TheHeadIsNotedWithinASecondAndAtTheEnd) {
  EXPECT_FALSE(audit_.NextDeadline().has_value());
  audit_.Record({.verb = "One"});
  audit_.Record({.verb = "Two"});
  audit_.Tick();
  EXPECT_EQ(sink_.noted, 0U);
  EXPECT_EQ(audit_.NextDeadline(), clock_.Now() + std::chrono::seconds(1));
  clock_.Advance(std::chrono::seconds(1));
  audit_.Tick();
  EXPECT_EQ(sink_.noted, 2U);
  EXPECT_FALSE(audit_.NextDeadline().has_value());
  audit_.RecordStop();
  EXPECT_EQ(sink_.noted, 3U);
}

TEST_F(AuditTest, EveryMeaningOfAFailureHasAWord) {
  using Outcome = AuditEvent::Outcome;
  EXPECT_EQ(OutcomeOf(OkStatus()), Outcome::kOk);
  EXPECT_TRUE(ReasonFor(OkStatus()).empty());
  for (const Status& status : {Locked(""), Unauthenticated(""), Denied(""),
                               Throttled("", std::chrono::seconds(1))}) {
    EXPECT_EQ(OutcomeOf(status), Outcome::kRefused);
    EXPECT_FALSE(ReasonFor(status).empty());
  }
  for (const Status& status :
       {NotFound(""), Invalid(""), Offline(""), TooSlow(""), Corrupt(""),
        Conflict(""), Internal("")}) {
    EXPECT_EQ(OutcomeOf(status), Outcome::kFailed);
    EXPECT_FALSE(ReasonFor(status).empty());
  }
}

TEST_F(AuditTest, TheKeysThatTheAgentLeasesAreRecorded) {
  testing::FakeStorage fakes;
  AuditedStorage storage(fakes, audit_);
  const auto journal = storage.JournalOf("default");
  ASSERT_TRUE(journal->Record({"https://x", "label", ""}).ok());
  EXPECT_TRUE(sink_.records.empty());
  ASSERT_TRUE(journal->Record({"https://x", "label", "id"}).ok());
  ASSERT_EQ(sink_.records.size(), 1U);
  EXPECT_TRUE(Has(sink_.records[0], "LeasedKey.Minted"));
  ASSERT_TRUE(journal->Remove("label").ok());
  ASSERT_EQ(sink_.records.size(), 2U);
  EXPECT_TRUE(Has(sink_.records[1], "LeasedKey.Revoked"));
  ASSERT_TRUE(journal->Record({"https://x", "never", ""}).ok());
  ASSERT_TRUE(journal->Remove("never").ok());
  EXPECT_EQ(sink_.records.size(), 2U);
}

}  // namespace
}  // namespace libretto
