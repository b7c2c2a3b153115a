#include "agent/os/snapshot_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/fakes/fake_lock.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;

constexpr std::size_t kMany = 1 << 20;

class SnapshotFileTest : public ::testing::Test {
 protected:
  void Save(const std::string& text) {
    files_.Save(text, [this](Status status) { saved_ = std::move(status); });
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() + "/" + name) << text;
  }
  bool There(const std::string& name = "cache.sealed") const {
    return access((dir_.path() + "/" + name).c_str(), F_OK) == 0;
  }
  std::string AtRest() {
    const auto file = files_.Load(kMany);
    if (!file.ok()) return Message(file.status());
    return file->value_or("(none)");
  }

  testing::TempDir dir_;
  Sealing sealing_;
  testing::InlineWorker worker_;
  SnapshotFile files_{dir_.path(), sealing_, worker_};
  std::optional<Status> saved_;
};

TEST_F(SnapshotFileTest, WhatIsSavedIsLoadedUntilItIsRemoved) {
  EXPECT_EQ(AtRest(), "(none)");
  Save("one");
  ASSERT_THAT(saved_.value(), IsOk());
  EXPECT_EQ(AtRest(), "one");
  ASSERT_THAT(files_.SaveNow("two"), IsOk());
  EXPECT_EQ(AtRest(), "two");
  struct stat about {};
  ASSERT_EQ(stat((dir_.path() + "/cache.sealed").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  ASSERT_THAT(files_.Remove(), IsOk());
  EXPECT_EQ(AtRest(), "(none)");
  ASSERT_THAT(files_.Remove(), IsOk());
}

TEST_F(SnapshotFileTest, OneMayRestThereWhereAPassphraseIsEnrolled) {
  EXPECT_FALSE(files_.allowed());
  sealing_.Open(FileKey::Generate());
  EXPECT_TRUE(files_.allowed());
  sealing_.Lock();
  EXPECT_TRUE(files_.allowed());
  sealing_.TurnOff();
  EXPECT_FALSE(files_.allowed());
}

TEST_F(SnapshotFileTest, WhatWasRemovedMeanwhileIsNotWritten) {
  worker_.held = true;
  Save("late");
  ASSERT_THAT(files_.Remove(), IsOk());
  worker_.Work1();
  EXPECT_THAT(saved_.value(), IsOk());
  EXPECT_FALSE(There());
}

TEST_F(SnapshotFileTest, AnOlderOneReplacesNoNewerOne) {
  worker_.held = true;
  Save("old");
  ASSERT_THAT(files_.SaveNow("new"), IsOk());
  worker_.Work1();
  EXPECT_EQ(AtRest(), "new");
}

TEST_F(SnapshotFileTest, OneThatIsTooLargeIsNotRead) {
  ASSERT_THAT(files_.SaveNow("12345"), IsOk());
  EXPECT_THAT(files_.Load(4), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(files_.Load(5), IsOk());
}

TEST_F(SnapshotFileTest, WhatAKilledAgentHasLeftIsSwept) {
  Write("cache.sealed.tmp-abcdefgh", "half");
  Write("session.sealed", "kept");
  EXPECT_EQ(AtRest(), "(none)");
  EXPECT_FALSE(There("cache.sealed.tmp-abcdefgh"));
  Write("cache.sealed.tmp-abcdefgh", "half");
  ASSERT_THAT(files_.Remove(), IsOk());
  EXPECT_FALSE(There("cache.sealed.tmp-abcdefgh"));
  EXPECT_TRUE(There("session.sealed"));
}

TEST_F(SnapshotFileTest, AFolderThatIsNotThereIsAFailureOfTheWrite) {
  SnapshotFile files(dir_.path() + "/nowhere", sealing_, worker_);
  EXPECT_FALSE(files.SaveNow("x").ok());
  EXPECT_THAT(files.Load(kMany), IsOk());
  EXPECT_THAT(files.Remove(), IsOk());
}

TEST_F(SnapshotFileTest, ItsWorkMayOutliveIt) {
  worker_.held = true;
  {
    SnapshotFile files(dir_.path(), sealing_, worker_);
    files.Save("late", [](const Status&) {});
  }
  worker_.Work1();
  EXPECT_EQ(AtRest(), "late");
}

}  // namespace
}  // namespace libretto
