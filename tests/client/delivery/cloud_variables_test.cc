#include "client/delivery/cloud_variables.h"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

class CloudVariablesTest : public ::testing::Test {
 protected:
  // "name=value" for each variable found.
  std::vector<std::string> Find(
      const std::vector<std::string>& environment) const {
    std::vector<const char*> entries;
    entries.reserve(environment.size() + 1);
    for (const std::string& entry : environment) {
      entries.push_back(entry.c_str());
    }
    entries.push_back(nullptr);
    const auto found = FindCloudVariables(entries.data(), dir_.path());
    EXPECT_THAT(found, IsOk());
    std::vector<std::string> texts;
    for (const CloudVariable& variable : *found) {
      texts.push_back(variable.name + "=" +
                      std::string(variable.value.Reveal()));
    }
    return texts;
  }

  void WriteDotenv(const std::string& text) const {
    std::ofstream(dir_ / ".env") << text;
  }

  testing::TempDir dir_;
};

TEST_F(CloudVariablesTest, ThePrefixIsCaseSensitiveAndTheRestIsLowered) {
  EXPECT_THAT(Find({"LIBRETTO_CLOUD_USER=a", "libretto_cloud_x=b",
                    "LIBRETTO_CLOUDY=c", "LIBRETTO_CLOUD_Mixed=d", "HOME=/"}),
              ElementsAre("mixed=d", "user=a"));
}

TEST_F(CloudVariablesTest, EmptyOnesAndTheReservedNameAreSkipped) {
  EXPECT_THAT(
      Find({"LIBRETTO_CLOUD_A=", "LIBRETTO_CLOUD_B= \t ", "LIBRETTO_CLOUD_=v",
            "LIBRETTO_CLOUD_API_KEY=k", "LIBRETTO_CLOUD_OPENAI_API_KEY=o"}),
      ElementsAre("openai_api_key=o"));
}

TEST_F(CloudVariablesTest, ValuesAreNotTrimmed) {
  EXPECT_THAT(Find({"LIBRETTO_CLOUD_A=  padded  "}),
              ElementsAre("a=  padded  "));
}

TEST_F(CloudVariablesTest, TheLaterOfTwoThatFoldToOneNameWins) {
  EXPECT_THAT(Find({"LIBRETTO_CLOUD_a=1", "LIBRETTO_CLOUD_A=2"}),
              ElementsAre("a=2"));
}

TEST_F(CloudVariablesTest, DotenvAddsButNeverOverrides) {
  WriteDotenv(
      "LIBRETTO_CLOUD_A=file\nLIBRETTO_CLOUD_B=file\nLIBRETTO_CLOUD_C=file\n");
  EXPECT_THAT(Find({"LIBRETTO_CLOUD_A=mine", "LIBRETTO_CLOUD_B="}),
              ElementsAre("a=mine", "c=file"));
}

TEST_F(CloudVariablesTest, DotenvCanBeSwitchedOff) {
  WriteDotenv("LIBRETTO_CLOUD_A=file\n");
  EXPECT_THAT(Find({"LIBRETTO_DISABLE_DOTENV= 1 "}), ElementsAre());
  EXPECT_THAT(Find({"LIBRETTO_DISABLE_DOTENV=true"}), ElementsAre("a=file"));
}

TEST_F(CloudVariablesTest, TheRootCanBeGiven) {
  WriteDotenv("LIBRETTO_CLOUD_A=file\n");
  EXPECT_THAT(Find({"LIBRETTO_REPO_ROOT=/nowhere"}), ElementsAre());
}

// Recorded from JavaScript's localeCompare() (contract 1.4).
TEST(LocaleLessTest, PunctuationBeforeDigitsBeforeLetters) {
  std::vector<std::string> names = {"ab",  "a1",  "a-b", "a_b", "a", "_x",
                                    "a.b", "a b", "b",   "0",   "aa"};
  std::sort(names.begin(), names.end(), LocaleLess);
  EXPECT_THAT(names, ElementsAre("_x", "0", "a", "a b", "a_b", "a-b", "a.b",
                                 "a1", "aa", "ab", "b"));
}

}  // namespace
}  // namespace libretto
