#include "base/audit_chain.h"

#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/temp_dir.h"

namespace libretto {
namespace {

using Kind = AuditVerifier::Kind;
using Files = std::vector<std::vector<std::string>>;

class AuditChainTest : public ::testing::Test {
 protected:
  AuditChainTest() {
    const std::vector<std::size_t> sizes = {3, 4, 5};
    AuditHead head;
    for (const std::size_t size : sizes) {
      files_.emplace_back();
      for (std::size_t i = 0; i < size; ++i) {
        std::string line = chain_.Append(
            head, i == 0, "\"n\":" + std::to_string(head.sequence + 1));
        line.pop_back();
        files_.back().push_back(line);
      }
    }
    head_ = head;
  }

  // What is found in `files` when somebody knows that the log reached `known`.
  std::optional<AuditVerifier::Finding> Check(
      const Files& files, const std::optional<AuditHead>& known,
      bool more_older = false, bool last_is_whole = true) {
    verifier_.emplace(chain_);
    if (known.has_value()) verifier_->Expect(*known, "the agent");
    for (std::size_t f = 0; f < files.size(); ++f) {
      verifier_->BeginFile("file" + std::to_string(f), more_older);
      for (std::size_t i = 0; i < files[f].size(); ++i) {
        const bool last = f + 1 == files.size() && i + 1 == files[f].size();
        verifier_->Line(files[f][i], !last || last_is_whole);
      }
    }
    verifier_->End();
    return verifier_->finding();
  }

  void Expect(const Files& files, Kind kind, std::uint64_t record) {
    const auto finding = Check(files, head_);
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->kind, kind) << finding->text;
    EXPECT_EQ(finding->record, record) << finding->text;
  }

  static AuditChain ChainOf(std::string_view key) {
    std::string bytes(key);
    bytes.resize(32, 'k');
    return AuditChain(SecretBytes::CopyOf(bytes));
  }

  AuditChain chain_ = ChainOf("one");
  Files files_;
  AuditHead head_;
  std::optional<AuditVerifier> verifier_;
};

TEST_F(AuditChainTest, WhatWasWrittenIsFine) {
  EXPECT_FALSE(Check(files_, head_).has_value());
  EXPECT_EQ(verifier_->first(), 1U);
  EXPECT_EQ(verifier_->head(), head_);
  EXPECT_EQ(head_.sequence, 12U);
}

TEST_F(AuditChainTest, EveryChangedByteIsFound) {
  for (std::size_t f = 0; f < files_.size(); ++f) {
    for (std::size_t i = 0; i < files_[f].size(); ++i) {
      for (std::size_t at = 0; at < files_[f][i].size(); ++at) {
        Files changed = files_;
        changed[f][i][at] = changed[f][i][at] == '7' ? '8' : '7';
        EXPECT_TRUE(Check(changed, head_).has_value())
            << f << " " << i << " " << at;
      }
    }
  }
}

TEST_F(AuditChainTest, AChangedRecordIsNamed) {
  files_[1][2].replace(files_[1][2].find("\"n\":6"), 5, "\"n\":9");
  Expect(files_, Kind::kChanged, 6);
}

TEST_F(AuditChainTest, ADroppedRecordIsNamed) {
  for (std::size_t f = 0, record = 1; f < files_.size(); ++f) {
    for (std::size_t i = 0; i < files_[f].size(); ++i, ++record) {
      Files dropped = files_;
      dropped[f].erase(dropped[f].begin() + static_cast<std::ptrdiff_t>(i));
      Expect(dropped, record == 12 ? Kind::kCut : Kind::kMissing, record);
    }
  }
}

TEST_F(AuditChainTest, ADroppedFileIsNamed) {
  Files without_first = {files_[1], files_[2]};
  Expect(without_first, Kind::kMissing, 1);
  Files without_second = {files_[0], files_[2]};
  Expect(without_second, Kind::kMissing, 4);
  Files without_last = {files_[0], files_[1]};
  Expect(without_last, Kind::kCut, 8);
}

TEST_F(AuditChainTest, FilesThatWereRotatedAwayAreFine) {
  const Files rest = {files_[1], files_[2]};
  EXPECT_FALSE(Check(rest, head_, /*more_older=*/true).has_value());
  EXPECT_EQ(verifier_->first(), 4U);
}

TEST_F(AuditChainTest, ReorderedRecordsAreFound) {
  Files swapped = files_;
  std::swap(swapped[2][1], swapped[2][2]);
  Expect(swapped, Kind::kOutOfOrder, 9);
  Files repeated = files_;
  repeated[2].insert(repeated[2].begin() + 2, files_[2][1]);
  Expect(repeated, Kind::kOutOfOrder, 9);
  Files files_swapped = {files_[0], files_[2], files_[1]};
  Expect(files_swapped, Kind::kOutOfOrder, 4);
}

TEST_F(AuditChainTest, ACutEndIsFoundByWhoKnowsTheHead) {
  Files cut = files_;
  cut[2].pop_back();
  EXPECT_FALSE(Check(cut, std::nullopt).has_value());
  Expect(cut, Kind::kCut, 12);
  cut = files_;
  cut[2].back().resize(20);
  const auto finding = Check(cut, head_, false, /*last_is_whole=*/false);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, Kind::kCut);
}

TEST_F(AuditChainTest, ALogWrittenAnewWithTheKeyIsFoundByWhoKnowsTheHead) {
  Files anew = {{}};
  AuditHead head;
  for (int i = 0; i < 12; ++i) {
    std::string line = chain_.Append(head, i == 0, "\"n\":0");
    line.pop_back();
    anew[0].push_back(line);
  }
  EXPECT_FALSE(Check(anew, std::nullopt).has_value());
  Expect(anew, Kind::kChanged, 12);
}

TEST_F(AuditChainTest, AnotherKeyVerifiesNothing) {
  chain_ = ChainOf("two");
  Expect(files_, Kind::kChanged, 1);
}

TEST_F(AuditChainTest, ALineThatACrashCutIsFineWhenTheNextOneSaysSo) {
  const auto with = [this](const std::string& fields) {
    AuditHead head = head_;
    Files files = files_;
    files[2].push_back(R"({"seq":13,"time":"20)");
    std::string line = chain_.Append(head, false, fields);
    line.pop_back();
    files[2].push_back(line);
    return files;
  };
  const std::string note = R"("verb":"Audit.Recovered","reason":"cut_line")";
  EXPECT_FALSE(Check(with(note), head_).has_value());
  EXPECT_EQ(verifier_->cut_lines(), 1U);
  // Without the note, or with the words in a name, it is not.
  for (const std::string& other :
       {std::string(R"("verb":"Credentials.Get")"),
        std::string(R"("verb":"Credentials.Get","name":"\"verb\":)"
                    R"(\"Audit.Recovered\",\"reason\":\"cut_line\"")")}) {
    const auto finding = Check(with(other), head_);
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->kind, Kind::kChanged);
    EXPECT_EQ(finding->record, 13U);
  }
}

TEST_F(AuditChainTest, ALostHeadIsSaidForGood) {
  AuditHead head = head_;
  std::string line = chain_.Append(
      head, false, R"("verb":"Audit.Recovered","reason":"no_head")");
  line.pop_back();
  files_[2].push_back(line);
  head_ = head;
  Expect(files_, Kind::kCut, 13);
}

TEST_F(AuditChainTest, AHeadIsReadAsItWasWrittenAndNotOtherwise) {
  const std::string text = chain_.WriteHead(head_);
  EXPECT_EQ(chain_.ReadHead(text), head_);
  EXPECT_EQ(text.size(), chain_.WriteHead(AuditHead()).size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_EQ(chain_.ReadHead(changed), std::nullopt) << i;
    EXPECT_EQ(chain_.ReadHead(text.substr(0, i)), std::nullopt) << i;
  }
  EXPECT_EQ(ChainOf("two").ReadHead(text), std::nullopt);
}

TEST_F(AuditChainTest, AKeyIsMadeOnceAndIsForItsOwnerAlone) {
  const testing::TempDir directory;
  const std::string path = directory / "audit.key";
  EXPECT_EQ(AuditChain::Load(path).status().code(), StatusCode::kNotFound);
  const auto made = AuditChain::LoadOrMake(path);
  ASSERT_TRUE(made.ok());
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  const auto again = AuditChain::Load(path);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->TagOf({}, "x"), made->TagOf({}, "x"));
  std::ofstream(path, std::ios::trunc) << "no key\n";
  EXPECT_EQ(AuditChain::LoadOrMake(path).status().code(),
            StatusCode::kDataLoss);
}

}  // namespace
}  // namespace libretto
