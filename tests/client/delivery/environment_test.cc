#include "client/delivery/environment.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace libretto {
namespace {

using ::testing::UnorderedElementsAre;

constexpr const char* kInherited[] = {"PATH=/bin", "USER=old",   "USERS=kept",
                                      "no-equals", "USER=again", nullptr};

std::vector<std::string> Texts(Environment& environment) {
  std::vector<std::string> texts;
  for (const char* entry : environment.Pointers()) {
    if (entry != nullptr) texts.emplace_back(entry);
  }
  return texts;
}

TEST(EnvironmentTest, SettingTakesThePlaceOfEveryVariableOfThatName) {
  Environment environment(kInherited);
  environment.Set("USER", "alice=x");
  EXPECT_THAT(Texts(environment),
              UnorderedElementsAre("PATH=/bin", "USER=alice=x", "USERS=kept",
                                   "no-equals"));
}

TEST(EnvironmentTest, OnlyTheWholeNameCounts) {
  Environment environment(kInherited);
  EXPECT_TRUE(environment.Has("USERS"));
  EXPECT_FALSE(environment.Has("USE"));
  EXPECT_FALSE(environment.Has("no-equals"));
  environment.Remove("USER");
  EXPECT_FALSE(environment.Has("USER"));
  EXPECT_TRUE(environment.Has("USERS"));
}

TEST(EnvironmentTest, AnEmptyValueIsAValue) {
  Environment environment;
  environment.Set("EMPTY", "");
  EXPECT_TRUE(environment.Has("EMPTY"));
  EXPECT_THAT(Texts(environment), UnorderedElementsAre("EMPTY="));
}

}  // namespace
}  // namespace libretto
