#include "base/credential_name.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

class CredentialNameTest : public ::testing::Test {
 protected:
  static std::string Parsed(std::string_view text) {
    const auto name = CredentialName::Parse(text);
    return name.ok() ? name->text() : "refused";
  }
  static std::string Variable(std::string_view verbatim) {
    return CredentialName::Verbatim(verbatim)->EnvVariable().value_or("none");
  }
};

TEST_F(CredentialNameTest, IsTrimmedAndLowerCasedAsWorkflowsDo) {
  EXPECT_EQ(Parsed("username"), "username");
  EXPECT_EQ(Parsed(" UserName\t\r\n"), "username");
  EXPECT_EQ(Parsed("_X"), "_x");
  EXPECT_EQ(Parsed("0"), "0");
  EXPECT_EQ(Parsed("db.prod-1"), "db.prod-1");
}

TEST_F(CredentialNameTest, HasAtMost128Characters) {
  EXPECT_EQ(Parsed(std::string(128, 'a')), std::string(128, 'a'));
  EXPECT_EQ(Parsed(std::string(129, 'a')), "refused");
  EXPECT_EQ(Parsed(" " + std::string(128, 'a') + " "), std::string(128, 'a'));
}

TEST_F(CredentialNameTest, AnythingElseIsRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {
           ""sv,
           " "sv,
           "-a"sv,
           ".a"sv,
           "a b"sv,
           "a/b"sv,
           "../a"sv,
           "a=b"sv,
           "a\nb"sv,
           "a\0b"sv,
           "\0"sv,
           "a\x7f"sv,
           "a$b"sv,
           "us\xc3\xa9r"sv,          // e with an accent
           "\xd0\xb0pi"sv,           // Cyrillic a
           "\xc2\xa0user"sv,         // no-break space: trimmed by no one
           "user\xe2\x80\x8b"sv,     // zero-width space
           "\xe2\x84\xaa"sv,         // Kelvin sign, folds to k elsewhere
           "\xef\xbc\xa1pple"sv,     // full-width A
           "\xff\xfe"sv,             // not UTF-8
           "libretto://username"sv,  // a reference is not a name
       }) {
    EXPECT_EQ(Parsed(text), "refused") << Printable(text);
  }
}

TEST_F(CredentialNameTest, ARefusalSaysTheRuleAndNotTheInput) {
  const Status refused = CredentialName::Parse("hunter2!").status();
  EXPECT_THAT(refused, HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(refused, MessageHas("1 to 128 characters"));
  EXPECT_EQ(Message(refused).find("hunter2"), std::string::npos);
}

TEST_F(CredentialNameTest, ApiKeyIsReservedHoweverItIsSpelled) {
  for (const std::string_view text : {"api_key", "API_KEY", " Api_Key "}) {
    EXPECT_THAT(CredentialName::Parse(text).status(), MessageHas("reserved"));
  }
  EXPECT_EQ(Parsed("openai_api_key"), "openai_api_key");
  EXPECT_EQ(Parsed("api-key"), "api-key");
}

TEST_F(CredentialNameTest, VerbatimTakesWhatACloudMayHold) {
  const auto name = CredentialName::Verbatim("OpenAI Key");
  ASSERT_THAT(name, IsOk());
  EXPECT_EQ(name->text(), "OpenAI Key");
  EXPECT_THAT(CredentialName::Verbatim(std::string(1024, 'x')), IsOk());
  EXPECT_THAT(CredentialName::Verbatim(std::string(1025, 'x')),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(CredentialName::Verbatim(""),
              HasCode(StatusCode::kInvalidArgument));
}

TEST_F(CredentialNameTest, KnowsWhetherItFollowsTheRule) {
  EXPECT_TRUE(CredentialName::Verbatim("db.prod-1")->FollowsRule());
  for (const std::string_view text : {"OpenAI", "a b", " a", "api_key", "-"}) {
    EXPECT_FALSE(CredentialName::Verbatim(text)->FollowsRule()) << text;
  }
}

TEST_F(CredentialNameTest, OnlyWordsGoIntoAnEnvironment) {
  EXPECT_EQ(Variable("username"), "LIBRETTO_CLOUD_USERNAME");
  EXPECT_EQ(Variable("_2fa"), "LIBRETTO_CLOUD__2FA");
  EXPECT_EQ(Variable("db.prod"), "none");
  EXPECT_EQ(Variable("db-prod"), "none");
  EXPECT_EQ(Variable("Username"), "none");
  EXPECT_EQ(Variable("a=b"), "none");
  EXPECT_EQ(Variable("api_key"), "none");
}

TEST_F(CredentialNameTest, NamesAreOrderedByTheirText) {
  EXPECT_LT(*CredentialName::Parse("a"), *CredentialName::Parse("b"));
  EXPECT_EQ(*CredentialName::Parse("A"), *CredentialName::Parse("a"));
}

TEST(ReferenceTest, TheSchemeIsOptional) {
  EXPECT_EQ(NameOfReference("libretto://username"), "username");
  EXPECT_EQ(NameOfReference("username"), "username");
  EXPECT_EQ(NameOfReference("libretto://"), "");
  EXPECT_EQ(NameOfReference(""), "");
}

TEST(ReferenceTest, AnotherSchemeStaysToBeRefusedAsAName) {
  EXPECT_EQ(NameOfReference("op://vault/item"), "op://vault/item");
  EXPECT_EQ(NameOfReference("LIBRETTO://a"), "LIBRETTO://a");
  EXPECT_EQ(NameOfReference("libretto://libretto://a"), "libretto://a");
}

TEST(PrintableTest, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(Printable("user name"), "user name");
  EXPECT_EQ(Printable("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91"),
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91");
  EXPECT_EQ(Printable(""), "");
}

TEST(PrintableTest, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(Printable("a\r\nb\tc"), "a\\x0d\\x0ab\\x09c");
  EXPECT_EQ(Printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(Printable("\x7f"), "\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");  // C1: CSI
}

TEST(PrintableTest, EscapesWhatTurnsTextAround) {
  for (const std::string_view mark :
       {"\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8",
        "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"}) {
    EXPECT_EQ(Printable(mark).substr(0, 2), "\\x");
  }
}

TEST(PrintableTest, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(Printable("\xff"), "\\xff");
  EXPECT_EQ(Printable("\x9b"), "\\x9b");                    // a lone C1 byte
  EXPECT_EQ(Printable("a\xc3"), "a\\xc3");                  // cut short
  EXPECT_EQ(Printable("\xc0\x9b"), "\\xc0\\x9b");           // overlong escape
  EXPECT_EQ(Printable("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");  // overlong CSI
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(Printable("\xf0\x80\x82\x9b"), "\\xf0\\x80\\x82\\x9b");
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(PrintableTest, IsCutBetweenCharacters) {
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
  EXPECT_EQ(Printable("abc", 3), "abc");
  EXPECT_EQ(Printable("ab\xe2\x82\xac", 4), "ab...");
  EXPECT_EQ(Printable("ab\x1b", 5), "ab...");
}

TEST_F(CredentialNameTest, AReferenceMayAskForTheOneTimeCode) {
  EXPECT_EQ(ParseReference("libretto://seed?attribute=otp").value(),
            (ReferenceTarget{"seed", true}));
  EXPECT_EQ(ParseReference("libretto://seed").value(),
            (ReferenceTarget{"seed", false}));
  EXPECT_EQ(ParseReference("odd?attribute=otp").value(),
            (ReferenceTarget{"odd?attribute=otp", false}));
  for (const char* text :
       {"", "libretto://", "libretto://?attribute=otp", "libretto://seed?",
        "libretto://seed?attribute=x", "libretto://seed?attribute=otp&x=y"}) {
    EXPECT_THAT(ParseReference(text), HasCode(StatusCode::kInvalidArgument))
        << text;
  }
}

}  // namespace
}  // namespace libretto
