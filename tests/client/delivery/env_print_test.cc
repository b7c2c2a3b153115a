#include "client/delivery/env_print.h"

#include <string>

#include <gtest/gtest.h>

#include "client/delivery/dotenv.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;

class EnvPrintTest : public ::testing::Test {
 protected:
  static StatusOr<SecretBytes> Print(EnvFormat format, std::string_view value,
                                     const std::string& name = "V") {
    std::vector<Setting> variables;
    variables.push_back({name, SecretBytes::CopyOf(value)});
    return PrintEnv(format, variables);
  }
  static std::string Printed(EnvFormat format, std::string_view value) {
    const StatusOr<SecretBytes> printed = Print(format, value);
    return printed.ok() ? std::string(printed->Reveal())
                        : Message(printed.status());
  }
};

// What the shells make of it is tested with the shells (env_hook_test.py).
TEST_F(EnvPrintTest, QuotesForEachShell) {
  EXPECT_EQ(Printed(EnvFormat::kBash, "a'b\\c\n$d"),
            "export V='a'\\''b\\c\n$d'\n");
  EXPECT_EQ(Printed(EnvFormat::kDirenv, ""), "export V=''\n");
  EXPECT_EQ(Printed(EnvFormat::kFish, "a'b\\c\n$d"),
            "set -gx V 'a\\'b\\\\c\n$d'\n");
}

TEST_F(EnvPrintTest, WhatDotenvHoldsIsReadBackAsItWas) {
  for (const char* value :
       {"plain", "", " spaces ", "a#b", "a #b", "it's", "say \"x\"", "$HOME",
        "it's \"x\"", "\\n", "k=v", "\xc3\xa9", "libretto://x", "'", "\""}) {
    const StatusOr<SecretBytes> line = Print(EnvFormat::kDotenv, value);
    ASSERT_TRUE(line.ok()) << value;
    const auto entries = ParseDotenv(line->Reveal());
    ASSERT_EQ(entries.size(), 1U) << value;
    EXPECT_EQ(entries[0].value.Reveal(), value);
  }
}

TEST_F(EnvPrintTest, WhatDotenvCannotHoldIsAnError) {
  for (const char* value : {"two\nlines", "'a' \"b\"", "it's \"x\" #y"}) {
    const auto line = Print(EnvFormat::kDotenv, value);
    EXPECT_THAT(line.status(), HasCode(StatusCode::kInvalidArgument)) << value;
    EXPECT_EQ(Message(line.status()).find(value), std::string::npos);
  }
}

TEST_F(EnvPrintTest, NeitherANulNorANameThatIsCodeGetsThrough) {
  EXPECT_FALSE(Print(EnvFormat::kBash, std::string_view("a\0b", 3)).ok());
  for (const char* name : {"", "1A", "A B", "A;id", "A-B", "$(id)", "A\nB"}) {
    EXPECT_FALSE(Print(EnvFormat::kBash, "v", name).ok()) << name;
    EXPECT_FALSE(Print(EnvFormat::kFish, "v", name).ok()) << name;
  }
}

TEST_F(EnvPrintTest, FormatsGoByTheirNames) {
  EXPECT_EQ(EnvFormatNamed("fish"), EnvFormat::kFish);
  EXPECT_EQ(EnvFormatNamed("zsh"), std::nullopt);
  EXPECT_TRUE(IsForHook(EnvFormat::kDirenv));
  EXPECT_FALSE(IsForHook(EnvFormat::kJson));
}

}  // namespace
}  // namespace libretto
