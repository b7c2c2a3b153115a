#include "agent/os/auth_file.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

class AuthFileTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    mkdir((dir_.path() + "/.libretto").c_str(), 0700);
    std::ofstream(path_) << text;
  }
  std::string Read() {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  testing::TempDir dir_;
  const std::string path_ = dir_.path() + "/.libretto/auth.json";
  AuthFile file_{path_};
};

TEST_F(AuthFileTest, NoFileMeansNobodyIsSignedIn) {
  const auto account = file_.Load();
  ASSERT_THAT(account, IsOk());
  EXPECT_FALSE(account->has_value());
}

TEST_F(AuthFileTest, WhatIsSavedIsLoaded) {
  ASSERT_THAT(file_.Save({{"http://127.0.0.1:8080",
                           SecretBytes::CopyOf("s=a%2Bb; t=c")},
                          "u1",
                          "casey@example.test",
                          "2026-11-29T04:02:37.185Z"}),
              IsOk());
  const auto account = file_.Load();
  ASSERT_THAT(account, IsOk());
  ASSERT_TRUE(account->has_value());
  EXPECT_EQ((*account)->cookie.api_url, "http://127.0.0.1:8080");
  EXPECT_EQ((*account)->cookie.text.Reveal(), "s=a%2Bb; t=c");
  EXPECT_EQ((*account)->user_id, "u1");
  EXPECT_EQ((*account)->expires_at, "2026-11-29T04:02:37.185Z");
}

TEST_F(AuthFileTest, TheFileIsForItsOwnerAlone) {
  ASSERT_THAT(
      file_.Save({{"https://a", SecretBytes::CopyOf("s=1")}, "", "", ""}),
      IsOk());
  struct stat about {};
  ASSERT_EQ(stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  ASSERT_EQ(stat((dir_.path() + "/.libretto").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
}

TEST_F(AuthFileTest, AnUnknownExpiryIsNullAsThePublicCommandWritesIt) {
  ASSERT_THAT(
      file_.Save({{"https://a", SecretBytes::CopyOf("s=1")}, "u", "e", ""}),
      IsOk());
  EXPECT_NE(Read().find("\"expiresAt\": null"), std::string::npos);
  EXPECT_NE(Read().find("{\n  \"apiUrl\": \"https://a\""), std::string::npos);
}

TEST_F(AuthFileTest, WithoutASessionOrAUrlNobodyIsSignedIn) {
  for (const char* text :
       {R"({"apiUrl":"https://a","session":null})", R"({"apiUrl":"https://a"})",
        R"({"session":{"cookie":"s=1"}})", "{}", "[]", "null"}) {
    Write(text);
    const auto account = file_.Load();
    ASSERT_THAT(account, IsOk()) << text;
    EXPECT_FALSE(account->has_value()) << text;
  }
}

TEST_F(AuthFileTest, WhatCannotBeUnderstoodIsKeptAndNamed) {
  for (const char* text :
       {"", "{", "not json", R"({"apiUrl":"https://a","session":{}})",
        R"({"apiUrl":"https://a","session":{"cookie":7}})",
        R"({"apiUrl":"https://a","session":{"cookie":"a\r\nHost: evil"}})"}) {
    Write(text);
    const auto account = file_.Load();
    EXPECT_THAT(account, HasCode(StatusCode::kDataLoss)) << text;
    EXPECT_THAT(account, MessageHas(path_)) << text;
    EXPECT_NE(Remedy(account.status()), "") << text;
    EXPECT_EQ(Read(), text);
  }
}

TEST_F(AuthFileTest, ATrailingSlashOfTheUrlIsDropped) {
  Write(R"({"apiUrl":"https://a//","session":{"cookie":"s=1"}})");
  EXPECT_EQ((*file_.Load())->cookie.api_url, "https://a");
}

TEST_F(AuthFileTest, ClearingTwiceIsFine) {
  Write("{}");
  EXPECT_THAT(file_.Clear(), IsOk());
  EXPECT_THAT(file_.Clear(), IsOk());
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace libretto
