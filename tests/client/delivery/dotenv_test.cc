#include "client/delivery/dotenv.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::TempDir;

struct Row {
  std::string text;
  std::string key;  // empty: no entry
  std::string value;
};

class DotenvLineTest : public ::testing::TestWithParam<Row> {};

TEST_P(DotenvLineTest, IsReadAsThePublicCommandReadsIt) {
  const auto entries = ParseDotenv(GetParam().text);
  if (GetParam().key.empty()) {
    EXPECT_TRUE(entries.empty());
    return;
  }
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].key, GetParam().key);
  EXPECT_EQ(entries[0].value.Reveal(), GetParam().value);
}

// The table of contract 1.4, row by row.
INSTANTIATE_TEST_SUITE_P(
    Contract, DotenvLineTest,
    ::testing::Values(
        Row{"", "", ""}, Row{"   ", "", ""}, Row{"# KEY=v", "", ""},
        Row{"  # KEY=v", "", ""}, Row{"KEY", "", ""}, Row{"=x", "", ""},
        Row{" =x", "", ""}, Row{"KEY: v", "", ""}, Row{"KEY=v", "KEY", "v"},
        Row{"export KEY=v", "KEY", "v"}, Row{"export   KEY=v", "KEY", "v"},
        Row{"export\tKEY=v", "export\tKEY", "v"},
        Row{"exportKEY=v", "exportKEY", "v"}, Row{"KEY = v", "KEY", "v"},
        Row{"  KEY=v  ", "KEY", "v"}, Row{"KEY=v  # c", "KEY", "v"},
        Row{"KEY=v\t#c", "KEY", "v"}, Row{"KEY=v #", "KEY", "v"},
        Row{"KEY=a#b", "KEY", "a#b"}, Row{"KEY=#x", "KEY", "#x"},
        Row{"KEY= # c", "KEY", "# c"}, Row{"KEY=", "KEY", ""},
        Row{"KEY=\"v\"", "KEY", "v"}, Row{"KEY='v'", "KEY", "v"},
        Row{"KEY=\"a # b\"", "KEY", "a # b"}, Row{"KEY=\"v\" rest", "KEY", "v"},
        Row{"KEY=\"  v  \"", "KEY", "  v  "},
        Row{R"(KEY="a\nb")", "KEY", R"(a\nb)"},
        Row{R"(KEY="a\"b")", "KEY", R"(a\)"},
        Row{"KEY=\"it's\"", "KEY", "it's"}, Row{"KEY=\"\"", "KEY", ""},
        Row{"KEY=\"no end", "KEY", "no end"},
        Row{"KEY='no end # c", "KEY", "no end # c"}, Row{"KEY=\"", "KEY", ""},
        Row{"KEY=$HOME", "KEY", "$HOME"}, Row{"KEY=`id`", "KEY", "`id`"},
        Row{"KEY=a=b=c", "KEY", "a=b=c"}, Row{"KEY=a b  c", "KEY", "a b  c"},
        Row{"KEY=v\r", "KEY", "v"}, Row{"\xef\xbb\xbfKEY=v", "KEY", "v"},
        Row{"KEY=v\xc2\xa0# c", "KEY", "v"},
        Row{"KEY=\xc3\xa0", "KEY", "\xc3\xa0"}));

TEST(DotenvTest, TheFirstOfEqualKeysWins) {
  const auto entries = ParseDotenv("A=1\nB=2\nA=3\n");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].value.Reveal(), "1");
  EXPECT_EQ(entries[1].key, "B");
}

TEST(DotenvTest, LinesEndWithNewlineOrTheText) {
  EXPECT_EQ(ParseDotenv("A=1\r\n\r\nB=2").size(), 2U);
}

class DotenvFileTest : public ::testing::Test {
 protected:
  void Make(const std::string& name, const std::string& text = "") const {
    const std::filesystem::path path = dir_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  TempDir dir_;
};

TEST_F(DotenvFileTest, OutsideGitTheDirectoryItselfIsTheProject) {
  Make(".env");
  Make("sub/.keep");
  EXPECT_EQ(ProjectRoot(dir_ / "sub"), dir_ / "sub");
  EXPECT_FALSE(DotenvOf(dir_ / "sub").has_value());
  EXPECT_EQ(DotenvOf(dir_.path()), dir_ / ".env");
}

TEST_F(DotenvFileTest, InsideGitTheTopIsTheProject) {
  Make(".git/HEAD");
  Make("a/b/.env");
  EXPECT_EQ(ProjectRoot(dir_ / "a/b"), dir_.path());
}

TEST_F(DotenvFileTest, ALinkedWorkTreeFallsBackToTheMainOne) {
  Make("main/.git/worktrees/topic/HEAD");
  Make("main/.env", "A=1");
  Make("topic/.git", "gitdir: " + (dir_ / "main/.git/worktrees/topic") + "\n");
  EXPECT_EQ(DotenvOf(ProjectRoot(dir_ / "topic")), dir_ / "main/.env");
  Make("topic/.env");
  EXPECT_EQ(DotenvOf(ProjectRoot(dir_ / "topic")), dir_ / "topic/.env");
}

TEST_F(DotenvFileTest, ASubmoduleHasNoOtherWorkTree) {
  Make("main/.env");
  Make("main/sub/.git", "gitdir: ../.git/modules/sub\n");
  EXPECT_FALSE(DotenvOf(dir_ / "main/sub").has_value());
}

}  // namespace
}  // namespace libretto
