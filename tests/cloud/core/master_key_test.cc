#include "cloud/core/master_key.h"

#include <sys/stat.h>

#include <filesystem>
#include <latch>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;
using libretto::testing::MessageHas;

class MasterKeyTest : public ::testing::Test {
 protected:
  StatusOr<MasterKey> Open() { return MasterKey::Open(path_, *store_); }

  libretto::testing::TempDir directory_;
  const std::string path_ = directory_ / "key";
  const std::unique_ptr<Store> store_ =
      testing::OpenSqlite(directory_ / "cloud.db");
};

TEST_F(MasterKeyTest, ANewDatabaseGetsAKeyFileOfItsOwn) {
  ASSERT_THAT(Open(), IsOk());
  struct stat about {};
  ASSERT_EQ(stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  EXPECT_EQ(about.st_size, 65);
}

TEST_F(MasterKeyTest, TheSameFileGivesTheSameKey) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(first->CookieKey().Equals(second->CookieKey()));
}

TEST_F(MasterKeyTest, AMissingFileIsNotMadeAnewForSealedData) {
  ASSERT_THAT(Open(), IsOk());
  std::filesystem::remove(path_);
  EXPECT_THAT(Open(), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(Open(), MessageHas("no such file"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(MasterKeyTest, AnotherKeyIsRefused) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(WriteFileAtomically(path_, std::string(64, 'a'), 0600), IsOk());
  EXPECT_THAT(Open(), MessageHas("sealed under another key"));
}

// Each makes a key of its own; what one has sealed, the other could not open.
TEST_F(MasterKeyTest, OfTwoServersThatStartFirstAtOnceOneIsRefused) {
  for (int i = 0; i < 10; ++i) {
    const std::string name = directory_ / std::to_string(i);
    const auto store = testing::OpenSqlite(name + ".db");
    std::latch start(2);
    Status other;
    std::thread thread([&] {
      start.arrive_and_wait();
      other = MasterKey::Open(name + ".other key", *store).status();
    });
    start.arrive_and_wait();
    const Status one = MasterKey::Open(name + ".key", *store).status();
    thread.join();
    EXPECT_NE(one.ok(), other.ok());
    EXPECT_THAT(one.ok() ? other : one, MessageHas("sealed under another key"));
    EXPECT_EQ(MasterKey::Open(name + ".key", *store).ok(), one.ok());
  }
}

TEST_F(MasterKeyTest, TwoServersThatStartFirstWithOneFileHaveOneKey) {
  for (int i = 0; i < 10; ++i) {
    const std::string name = directory_ / std::to_string(i);
    const auto store = testing::OpenSqlite(name + ".db");
    std::latch start(2);
    Status other;
    std::thread thread([&] {
      start.arrive_and_wait();
      other = MasterKey::Open(name + ".key", *store).status();
    });
    start.arrive_and_wait();
    EXPECT_THAT(MasterKey::Open(name + ".key", *store), IsOk());
    thread.join();
    EXPECT_THAT(other, IsOk());
    EXPECT_THAT(MasterKey::Open(name + ".key", *store), IsOk());
  }
}

TEST_F(MasterKeyTest, AFileThatHoldsNoKeyIsRefusedAndKept) {
  for (const std::string& text :
       {std::string(), std::string("secret"), std::string(63, 'a'),
        std::string(65, 'a'), std::string(64, 'g')}) {
    ASSERT_THAT(WriteFileAtomically(path_, text, 0600), IsOk());
    EXPECT_THAT(Open(), MessageHas("64 hexadecimal digits")) << text;
    EXPECT_EQ(ReadFile(path_, 100)->Reveal(), text);
  }
}

}  // namespace
}  // namespace libretto::cloud
