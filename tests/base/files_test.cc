#include "base/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::TempDir;

class FilesTest : public ::testing::Test {
 protected:
  static std::string Content(const std::string& path) {
    const auto content = ReadFile(path, 1024);
    return content.ok() ? std::string(content->Reveal())
                        : content.status().ToString();
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat about {};
    return lstat(path.c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
  }
  std::size_t FilesHere() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(dir_.path())) {
      ++count;
    }
    return count;
  }

  const TempDir dir_;
  const std::string file_ = dir_ / "file";
};

TEST_F(FilesTest, WhatWasWrittenIsRead) {
  ASSERT_THAT(WriteFileAtomically(file_, "content", 0600), IsOk());
  EXPECT_EQ(Content(file_), "content");
  ASSERT_THAT(WriteFileAtomically(file_, "", 0600), IsOk());
  EXPECT_EQ(Content(file_), "");
}

TEST_F(FilesTest, TheModeIsTheOneAskedForWhateverTheUmask) {
  const mode_t before = umask(0077);
  EXPECT_THAT(WriteFileAtomically(file_, "x", 0644), IsOk());
  umask(0);
  EXPECT_THAT(WriteFileAtomically(dir_ / "secret", "x", 0600), IsOk());
  umask(before);
  EXPECT_EQ(ModeOf(file_), 0644U);
  EXPECT_EQ(ModeOf(dir_ / "secret"), 0600U);
}

TEST_F(FilesTest, ReplacingLeavesNothingBeside) {
  ASSERT_THAT(WriteFileAtomically(file_, "old", 0600), IsOk());
  ASSERT_THAT(WriteFileAtomically(file_, "new", 0600), IsOk());
  EXPECT_EQ(Content(file_), "new");
  EXPECT_EQ(FilesHere(), 1U);
}

TEST_F(FilesTest, AFailedReplacementLeavesTheOldAndNothingBeside) {
  std::filesystem::create_directory(file_);
  EXPECT_THAT(WriteFileAtomically(file_, "new", 0600),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_EQ(FilesHere(), 1U);
}

TEST_F(FilesTest, APlantedLinkIsReplacedAndItsTargetUntouched) {
  ASSERT_THAT(WriteFileAtomically(dir_ / "target", "theirs", 0600), IsOk());
  ASSERT_EQ(symlink((dir_ / "target").c_str(), file_.c_str()), 0);
  ASSERT_THAT(WriteFileAtomically(file_, "ours", 0600), IsOk());
  EXPECT_EQ(Content(dir_ / "target"), "theirs");
  EXPECT_EQ(Content(file_), "ours");
}

TEST_F(FilesTest, TwoWritersNeverMix) {
  const std::string contents[] = {std::string(900, 'a'), std::string(900, 'b')};
  std::vector<std::thread> writers;
  for (const std::string& content : contents) {
    writers.emplace_back([this, &content] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(WriteFileAtomically(file_, content, 0600), IsOk());
        const std::string seen = Content(file_);
        EXPECT_EQ(seen, std::string(900, seen.empty() ? '?' : seen[0]));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(FilesHere(), 1U);
}

TEST_F(FilesTest, ANewFileIsMadeOnceAlsoByManyAtOnce) {
  std::atomic<int> made = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([this, &made, i] {
      const Status status = WriteNewFile(file_, std::to_string(i), 0640);
      if (status.ok()) {
        made += 1 + i;
      } else {
        EXPECT_THAT(status, HasCode(StatusCode::kAborted));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  // Of one alone, and with its content.
  EXPECT_EQ(Content(file_), std::to_string(made - 1));
  EXPECT_EQ(ModeOf(file_), 0640U);
  EXPECT_EQ(FilesHere(), 1U);
}

TEST_F(FilesTest, APlantedLinkIsNoNewFile) {
  ASSERT_EQ(symlink((dir_ / "target").c_str(), file_.c_str()), 0);
  EXPECT_THAT(WriteNewFile(file_, "ours", 0600), HasCode(StatusCode::kAborted));
  EXPECT_EQ(FilesHere(), 1U);
}

TEST_F(FilesTest, AMissingFolderIsNotMade) {
  EXPECT_THAT(WriteFileAtomically(dir_ / "no/file", "x", 0600),
              HasCode(StatusCode::kNotFound));
}

TEST_F(FilesTest, AMissingFileIsNotFoundAndNamed) {
  const Status status = ReadFile(file_, 10).status();
  EXPECT_THAT(status, HasCode(StatusCode::kNotFound));
  EXPECT_THAT(status, MessageHas(file_));
}

TEST_F(FilesTest, AFileOverTheLimitIsRefused) {
  ASSERT_THAT(WriteFileAtomically(file_, "12345", 0600), IsOk());
  EXPECT_THAT(ReadFile(file_, 5), IsOk());
  EXPECT_THAT(ReadFile(file_, 4), HasCode(StatusCode::kInvalidArgument));
}

TEST_F(FilesTest, OnlyRegularFilesAreRead) {
  EXPECT_THAT(ReadFile(dir_.path(), 10), HasCode(StatusCode::kInvalidArgument));
  // Nobody writes to it: a reader that opened it would wait for ever.
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(file_, 10), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadFile("/dev/zero", 10), MessageHas("not a regular file"));
}

TEST_F(FilesTest, RemovingTwiceIsFine) {
  ASSERT_THAT(WriteFileAtomically(file_, "x", 0600), IsOk());
  EXPECT_THAT(RemoveFile(file_), IsOk());
  EXPECT_THAT(RemoveFile(file_), IsOk());
  EXPECT_THAT(RemoveFile(dir_.path()), HasCode(StatusCode::kInvalidArgument));
}

class PrivateDirectoryTest : public FilesTest {
 protected:
  const std::string private_ = dir_ / "a/b/c";
};

TEST_F(PrivateDirectoryTest, IsMadeWithAllThatIsMissingAboveIt) {
  const mode_t before = umask(0);
  EXPECT_THAT(EnsurePrivateDirectory(private_), IsOk());
  umask(before);
  EXPECT_EQ(ModeOf(dir_ / "a"), 0700U);
  EXPECT_EQ(ModeOf(dir_ / "a/b"), 0700U);
  EXPECT_EQ(ModeOf(private_), 0700U);
  EXPECT_THAT(EnsurePrivateDirectory(private_), IsOk());
}

TEST_F(PrivateDirectoryTest, MayBeReadableButNotWritableByOthers) {
  ASSERT_THAT(EnsurePrivateDirectory(private_), IsOk());
  ASSERT_EQ(chmod(private_.c_str(), 0755), 0);
  EXPECT_THAT(EnsurePrivateDirectory(private_), IsOk());
  for (const mode_t mode : {0770U, 0702U, 01777U}) {
    ASSERT_EQ(chmod(private_.c_str(), mode), 0);
    const Status status = EnsurePrivateDirectory(private_);
    EXPECT_THAT(status, HasCode(StatusCode::kPermissionDenied));
    EXPECT_EQ(Remedy(status), "chmod 0700 " + private_);
  }
}

TEST_F(PrivateDirectoryTest, APlantedLinkIsRefused) {
  std::filesystem::create_directory(dir_ / "elsewhere");
  ASSERT_EQ(symlink((dir_ / "elsewhere").c_str(), (dir_ / "a").c_str()), 0);
  EXPECT_THAT(EnsurePrivateDirectory(dir_ / "a"),
              HasCode(StatusCode::kPermissionDenied));
}

TEST_F(PrivateDirectoryTest, ADanglingLinkAboveItIsRefused) {
  ASSERT_EQ(symlink("nowhere", (dir_ / "a").c_str()), 0);
  EXPECT_THAT(EnsurePrivateDirectory(private_), MessageHas("not a directory"));
}

TEST_F(PrivateDirectoryTest, AFileInItsPlaceIsRefused) {
  ASSERT_THAT(WriteFileAtomically(dir_ / "a", "x", 0600), IsOk());
  EXPECT_THAT(EnsurePrivateDirectory(dir_ / "a"),
              HasCode(StatusCode::kPermissionDenied));
  EXPECT_THAT(EnsurePrivateDirectory(private_),
              HasCode(StatusCode::kInvalidArgument));
}

TEST_F(PrivateDirectoryTest, SomebodyElsesIsRefused) {
  if (geteuid() != 0) {
    EXPECT_THAT(EnsurePrivateDirectory("/etc"), MessageHas("owned by uid 0"));
    return;
  }
  ASSERT_THAT(EnsurePrivateDirectory(private_), IsOk());
  ASSERT_EQ(chown(private_.c_str(), 12345, 12345), 0);
  EXPECT_THAT(EnsurePrivateDirectory(private_),
              MessageHas("owned by uid 12345, not by you (uid 0)"));
}

TEST_F(PrivateDirectoryTest, NothingIsNoDirectory) {
  EXPECT_THAT(EnsurePrivateDirectory(""), HasCode(StatusCode::kNotFound));
}

}  // namespace
}  // namespace libretto
