#include "agent/os/audit_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/fakes/manual_clock.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

class AuditFileTest : public ::testing::Test {
 protected:
  AuditFileTest() {
    paths_ = {root_ / "log/audit.jsonl", root_ / "audit.key",
              root_ / "audit.head"};
    Restart();
  }

  void Restart() {
    file_.reset();
    file_ = std::make_unique<AuditFile>(paths_, max_bytes_, clock_);
  }

  void Write(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(file_->Append(R"("verb":"Credentials.Get")").ok());
    }
    file_->NoteHead();
  }

  static std::string Text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static void SetText(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat about {};
    return stat(path.c_str(), &about) == 0 ? about.st_mode & 0777 : 0;
  }

  // As librettoctl verifies, with what the head file says.
  std::optional<AuditVerifier::Finding> Verify() {
    const auto chain = AuditChain::Load(paths_.key);
    EXPECT_TRUE(chain.ok());
    AuditVerifier verifier(*chain);
    const auto head = chain->ReadHead(Text(paths_.head));
    if (head.has_value()) verifier.Expect(*head, "an agent");
    std::vector<std::string> files;
    for (int age = kOlderAuditFiles; age > 0; --age) {
      files.push_back(OlderAuditFile(paths_.log, age));
    }
    files.push_back(paths_.log);
    std::erase_if(files, [](const std::string& file) {
      return !std::filesystem::exists(file);
    });
    for (const std::string& file : files) {
      verifier.BeginFile(file, files.size() == kOlderAuditFiles + 1);
      std::istringstream text(Text(file));
      for (std::string line; std::getline(text, line);) {
        verifier.Line(line, !text.eof());
      }
    }
    verifier.End();
    last_ = verifier.head().sequence;
    first_ = verifier.first();
    cut_lines_ = verifier.cut_lines();
    return verifier.finding();
  }
  void ExpectFine(std::uint64_t last) {
    const auto finding = Verify();
    EXPECT_FALSE(finding.has_value()) << finding->text;
    EXPECT_EQ(last_, last);
  }

  const testing::TempDir root_;
  AuditPaths paths_;
  std::size_t max_bytes_ = 1 << 20;
  testing::ManualClock clock_;
  std::unique_ptr<AuditFile> file_;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t cut_lines_ = 0;
};

TEST_F(AuditFileTest, TheChainGoesOnAfterARestart) {
  Write(3);
  Restart();
  Write(2);
  ExpectFine(5);
  EXPECT_EQ(ModeOf(paths_.log), 0600U);
  EXPECT_EQ(ModeOf(paths_.key), 0600U);
  EXPECT_EQ(ModeOf(paths_.head), 0600U);
  EXPECT_EQ(ModeOf(root_ / "log"), 0700U);
}

TEST_F(AuditFileTest, RotationKeepsTheChainAndSevenOlderFiles) {
  max_bytes_ = 1'000;
  Restart();
  Write(10);
  EXPECT_TRUE(std::filesystem::exists(paths_.log + ".1"));
  ExpectFine(10);
  EXPECT_EQ(first_, 1U);
  Write(90);
  Restart();
  Write(20);
  ExpectFine(120);
  EXPECT_GT(first_, 1U);
  EXPECT_TRUE(std::filesystem::exists(paths_.log + ".7"));
  EXPECT_FALSE(std::filesystem::exists(paths_.log + ".8"));
  EXPECT_LE(std::filesystem::file_size(paths_.log), 1'000U);
  EXPECT_EQ(ModeOf(paths_.log + ".7"), 0600U);
}

TEST_F(AuditFileTest, AFileThatIsMissingBetweenRotatedOnesIsFound) {
  max_bytes_ = 1'000;
  Restart();
  Write(100);
  std::filesystem::remove(paths_.log + ".4");
  const auto finding = Verify();
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, AuditVerifier::Kind::kMissing);
}

TEST_F(AuditFileTest, TheOldestFilesAreMissedToo) {
  max_bytes_ = 1'000;
  Restart();
  Write(100);
  std::filesystem::remove(paths_.log + ".7");
  EXPECT_TRUE(Verify().has_value());
}

TEST_F(AuditFileTest, ALineThatACrashCutIsSaidAndTheChainGoesOn) {
  Write(3);
  file_.reset();
  SetText(paths_.log, Text(paths_.log) + R"({"seq":4,"time":"2026-)");
  EXPECT_FALSE(Verify().has_value());  // it has not been opened since
  EXPECT_EQ(cut_lines_, 1U);
  Restart();
  Write(1);
  ExpectFine(5);
  EXPECT_EQ(cut_lines_, 1U);
  EXPECT_NE(Text(paths_.log).find("Audit.Recovered"), std::string::npos);
}

TEST_F(AuditFileTest, ARecordThatWasCutInTwoIsMissed) {
  Write(3);
  file_.reset();
  std::filesystem::resize_file(paths_.log,
                               std::filesystem::file_size(paths_.log) - 20);
  EXPECT_TRUE(Verify().has_value());
  Restart();
  Write(1);
  const auto finding = Verify();
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->record, 3U) << finding->text;
}

TEST_F(AuditFileTest, WhatIsCutOffIsMissedAlsoAfterTheAgentHasGoneOn) {
  Write(5);
  file_.reset();
  const std::string text = Text(paths_.log);
  const std::size_t last = text.find_last_of('\n', text.size() - 2);
  SetText(paths_.log, text.substr(0, last + 1));
  auto finding = Verify();
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, AuditVerifier::Kind::kCut);
  EXPECT_EQ(finding->record, 5U);
  Restart();
  Write(5);
  finding = Verify();
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->record, 5U) << finding->text;
}

TEST_F(AuditFileTest, AnEmptiedLogIsMissedAlsoAfterTheAgentHasGoneOn) {
  Write(5);
  file_.reset();
  SetText(paths_.log, "");
  Restart();
  Write(1);
  const auto finding = Verify();
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->record, 1U) << finding->text;
}

TEST_F(AuditFileTest, AKillBeforeTheHeadIsNotedLosesNothing) {
  Write(3);
  const std::string head = Text(paths_.head);
  Write(1);
  file_.reset();
  SetText(paths_.head, head);
  Restart();
  Write(1);
  ExpectFine(5);
}

TEST_F(AuditFileTest, ALostHeadIsSaid) {
  Write(3);
  file_.reset();
  std::filesystem::remove(paths_.head);
  Restart();
  Write(1);
  EXPECT_TRUE(Verify().has_value());
  EXPECT_NE(Text(paths_.log).find("no_head"), std::string::npos);
}

TEST_F(AuditFileTest, ALogThatIsTakenAwayIsMadeAnew) {
  Write(3);
  std::filesystem::remove(paths_.log);
  clock_.Advance(std::chrono::seconds(2));
  Write(2);
  EXPECT_TRUE(std::filesystem::exists(paths_.log));
  const auto finding = Verify();
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, AuditVerifier::Kind::kMissing);
}

TEST_F(AuditFileTest, TwoAgentsDoNotWriteOneLog) {
  Write(1);
  AuditFile other(paths_, max_bytes_, clock_);
  EXPECT_EQ(other.Append(R"("verb":"x")").code(), StatusCode::kAborted);
}

TEST_F(AuditFileTest, ALinkInThePlaceOfTheLogIsRefused) {
  std::filesystem::create_directory(root_ / "log");
  chmod((root_ / "log").c_str(), 0700);
  SetText(root_ / "target", "");
  std::filesystem::create_symlink(root_ / "target", paths_.log);
  EXPECT_FALSE(file_->Append(R"("verb":"x")").ok());
  EXPECT_EQ(Text(root_ / "target"), "");
}

TEST_F(AuditFileTest, WhatDoesNotFitOnTheDiskIsTakenBackWhole) {
  Write(3);
  const std::string before = Text(paths_.log);
  // As a full disk: the write gets half as far.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{before.size() + 40, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(file_->Append(R"("verb":"Credentials.Get")").ok());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_EQ(Text(paths_.log), before);
  Write(1);
  ExpectFine(4);
}

}  // namespace
}  // namespace libretto
