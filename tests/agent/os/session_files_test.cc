#include "agent/os/session_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "agent/os/profile_files.h"
#include "tests/fakes/fake_lock.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

Account Casey(const std::string& cookie = "s=1") {
  return {{"https://cloud.test", SecretBytes::CopyOf(cookie)},
          "u1",
          "casey@example.test",
          ""};
}

class SessionFilesTest : public ::testing::Test {
 protected:
  bool There(const std::string& name) const {
    return access((folder_ + "/" + name).c_str(), F_OK) == 0;
  }
  std::string Read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ + "/" + name).rdbuf();
    return text.str();
  }
  void Open() { sealing_.Open({DataKey::FromBytes(file_key_.Copy()).value()}); }
  std::string CookieAtRest() {
    const auto session = files_.Load();
    if (!session.ok()) return Message(session.status());
    if (!session->has_value()) return "(nobody)";
    return std::string((*session)->account.cookie.text.Reveal());
  }

  testing::TempDir dir_;
  const std::string folder_ = dir_.path() + "/.libretto";
  const DataKey file_key_ = DataKey::Generate();
  const DataKey data_key_ = DataKey::Generate();
  Sealing sealing_;
  SessionFiles files_{folder_, "default", sealing_};
};

TEST_F(SessionFilesTest, WithoutAPassphraseItIsTheFileOfThePublicCommand) {
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  EXPECT_TRUE(There("auth.json"));
  EXPECT_FALSE(There("session.sealed"));
  EXPECT_EQ(CookieAtRest(), "s=1");
  EXPECT_FALSE((*files_.Load())->data_key.has_value());
}

TEST_F(SessionFilesTest, SealedNothingOfItCanBeRead) {
  Open();
  ASSERT_THAT(files_.Save(Casey("s=a-rather-long-cookie"), data_key_), IsOk());
  EXPECT_FALSE(There("auth.json"));
  const std::string file = Read("session.sealed");
  EXPECT_EQ(file.find("rather"), std::string::npos);
  EXPECT_EQ(file.find("casey"), std::string::npos);
  struct stat about {};
  ASSERT_EQ(stat((folder_ + "/session.sealed").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  const auto session = files_.Load();
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ((*session)->account.email, "casey@example.test");
  EXPECT_TRUE((*session)->data_key->Copy().Equals(data_key_.Copy()));
}

TEST_F(SessionFilesTest, LockedItNeitherOpensNorWrites) {
  Open();
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  sealing_.Lock();
  EXPECT_THAT(files_.Load(), HasCode(StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.Save(Casey("s=2"), data_key_),
              HasCode(StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.Clear(), HasCode(StatusCode::kFailedPrecondition));
  Open();
  EXPECT_EQ(CookieAtRest(), "s=1");
}

TEST_F(SessionFilesTest, ALoginOfThePublicCommandIsSealed) {
  Open();
  ASSERT_THAT(files_.Save(Casey("s=old"), data_key_), IsOk());
  ASSERT_THAT(AuthFile(folder_ + "/auth.json").Save(Casey("s=new")), IsOk());
  EXPECT_EQ(CookieAtRest(), "s=new");
  EXPECT_FALSE(There("auth.json"));
  const auto session = files_.Load();
  EXPECT_FALSE((*session)->data_key->Copy().Equals(data_key_.Copy()));
}

TEST_F(SessionFilesTest, WhatACrashLeftInTheClearIsTheSameSession) {
  Open();
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  ASSERT_THAT(AuthFile(folder_ + "/auth.json").Save(Casey()), IsOk());
  const auto session = files_.Load();
  ASSERT_THAT(session, IsOk());
  EXPECT_TRUE((*session)->data_key->Copy().Equals(data_key_.Copy()));
  EXPECT_FALSE(There("auth.json"));
}

TEST_F(SessionFilesTest, GoingBackRemovesTheSealedOne) {
  Open();
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  sealing_.TurnOff();
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  EXPECT_TRUE(There("auth.json"));
  EXPECT_FALSE(There("session.sealed"));
}

TEST_F(SessionFilesTest, WhatDoesNotOpenIsNamedAndLeftAlone) {
  Open();
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  sealing_.Open(FileKey::Generate());
  EXPECT_THAT(files_.Load(), HasCode(StatusCode::kDataLoss));
  EXPECT_THAT(files_.Load(), MessageHas("session.sealed"));
  EXPECT_TRUE(There("session.sealed"));
}

TEST_F(SessionFilesTest, ASessionOfAnotherProfileDoesNotOpen) {
  Open();
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  SessionFiles other(folder_, "work", sealing_);
  EXPECT_THAT(other.Load(), HasCode(StatusCode::kDataLoss));
}

TEST_F(SessionFilesTest, LoggingOutRemovesBoth) {
  Open();
  ASSERT_THAT(files_.Save(Casey(), data_key_), IsOk());
  ASSERT_THAT(files_.Clear(), IsOk());
  EXPECT_FALSE(There("session.sealed"));
  EXPECT_EQ(CookieAtRest(), "(nobody)");
}

TEST_F(SessionFilesTest, EveryProfileFolderIsFound) {
  for (const char* folder :
       {"", "/profiles", "/profiles/work", "/profiles/Not a name"}) {
    ASSERT_EQ(mkdir((folder_ + folder).c_str(), 0700), 0);
  }
  testing::InlineWorker worker;
  ProfileFiles files(folder_, sealing_, worker);
  EXPECT_THAT(files.Names(), ::testing::ElementsAre("default", "work"));
}

}  // namespace
}  // namespace libretto
