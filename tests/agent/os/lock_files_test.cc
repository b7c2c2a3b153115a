#include "agent/os/lock_files.h"

#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "tests/fakes/fake_lock.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

class LockFilesTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() + "/" + name) << text;
  }
  bool There(const std::string& name) const {
    return access((dir_.path() + "/" + name).c_str(), F_OK) == 0;
  }

  testing::TempDir dir_;
  Sealing sealing_;
  testing::InlineWorker worker_;
  ProfileFiles profiles_{dir_.path(), sealing_, worker_};
  LockFiles files_{dir_.path(), profiles_};
};

TEST_F(LockFilesTest, NoFileMeansThatNothingIsEnrolled) {
  const auto file = files_.Load();
  ASSERT_THAT(file, IsOk());
  EXPECT_FALSE(file->has_value());
}

TEST_F(LockFilesTest, WhatIsSavedIsLoadedUntilItIsRemoved) {
  const std::string text =
      SealUnderPassphrase(FileKey::Generate(),
                          {SecretBytes::CopyOf("correct horse")}, {8192, 1})
          .value();
  ASSERT_THAT(files_.Save(text), IsOk());
  EXPECT_EQ(files_.Load().value(), text);
  ASSERT_THAT(files_.Remove(), IsOk());
  EXPECT_FALSE(files_.Load()->has_value());
}

TEST_F(LockFilesTest, AFileThatCannotBeUsedIsNamedAndLeftAlone) {
  Write("passphrase.sealed", "nonsense");
  EXPECT_THAT(files_.Load(), HasCode(StatusCode::kDataLoss));
  EXPECT_THAT(files_.Load(), MessageHas("passphrase.sealed"));
  EXPECT_TRUE(There("passphrase.sealed"));
}

TEST_F(LockFilesTest, DiscardingRemovesWhatIsSealed) {
  Write("passphrase.sealed", "x");
  Write("session.sealed", "x");
  Write("auth.json", "x");
  ASSERT_THAT(files_.Discard(), IsOk());
  EXPECT_FALSE(There("passphrase.sealed"));
  EXPECT_FALSE(There("session.sealed"));
  EXPECT_TRUE(There("auth.json"));
}

TEST_F(LockFilesTest, FailuresAreCountedAcrossRestarts) {
  EXPECT_EQ(files_.LoadFailures(), 0);
  files_.SaveFailures(7);
  EXPECT_EQ(files_.LoadFailures(), 7);
  files_.SaveFailures(0);
  EXPECT_EQ(files_.LoadFailures(), 0);
  EXPECT_FALSE(There("wrong-passphrases"));
}

TEST_F(LockFilesTest, ACountThatIsNoneIsTheWorst) {
  for (const char* text : {"", "x", "-3", "99999999999999999999"}) {
    Write("wrong-passphrases", text);
    EXPECT_GT(files_.LoadFailures(), 1000) << text;
  }
}

}  // namespace
}  // namespace libretto
