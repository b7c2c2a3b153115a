#include "client/delivery/masker.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace libretto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Named {
  std::string name;
  std::string value;
};

Masker MaskerFor(const std::vector<Named>& values) {
  Masker masker;
  for (const Named& named : values) {
    masker.Add(named.name, SecretBytes::CopyOf(named.value));
  }
  masker.Finish();
  return masker;
}

std::string Masked(const Masker& masker, std::string_view text) {
  Masker::Stream stream(masker);
  std::string out = stream.Feed(text);
  return out + stream.Flush();
}

// In pieces of one size; what is held is shown at the end alone.
std::string InPieces(const Masker& masker, std::string_view text,
                     std::size_t size) {
  Masker::Stream stream(masker);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += size) {
    out += stream.Feed(text.substr(i, size));
  }
  return out + stream.Flush();
}

struct Row {
  std::string text;
  std::string shown;
};

class MaskedFormTest : public ::testing::TestWithParam<Row> {};

// One value with everything that forms differ in: p/w?"é + a newline inside.
constexpr const char* kValue = "p/w ?\"\xc3\xa9\n~<x>'";

TEST_P(MaskedFormTest, IsFoundInEveryChunking) {
  const Masker masker = MaskerFor({{"pw", kValue}, {"user", "alice"}});
  for (std::size_t size = 1; size <= GetParam().text.size(); ++size) {
    EXPECT_EQ(InPieces(masker, GetParam().text, size), GetParam().shown)
        << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, MaskedFormTest,
    ::testing::Values(
        Row{std::string("<") + kValue + ">", "<[libretto:pw]>"},
        Row{"p/w ?\"\xc3\xa9\r\n~<x>'.", "[libretto:pw]."},
        Row{"hi alice!", "hi [libretto:user]!"},
        Row{"alicealice", "[libretto:user][libretto:user]"},
        Row{"alic ealice alicf", "alic e[libretto:user] alicf"},
        Row{"616c696365 616C696365", "[libretto:user] [libretto:user]"},
        // base64 of alice; of "xalice", "xyalice", "alicez".
        Row{"YWxpY2U=", "[libretto:user]="},
        Row{"eGFsaWNl", "eG[libretto:user]"},
        Row{"eHlhbGljZQ==", "eHl[libretto:user]=="},
        Row{"YWxpY2V6", "[libretto:user]V6"},
        Row{"cC93ID8iw6kKfjx4Pic=", "[libretto:pw]="},
        Row{"cC93ID8iw6kKfjx4Pic", "[libretto:pw]"},
        Row{"p%2Fw%20%3F%22%C3%A9%0A~%3Cx%3E%27", "[libretto:pw]"},
        Row{"p%2fw%20%3f%22%c3%a9%0a~%3cx%3e%27", "[libretto:pw]"},
        Row{"p%2Fw%20%3F%22%C3%A9%0A~%3Cx%3E'", "[libretto:pw]"},
        Row{"p/w%20%3F%22%C3%A9%0A~%3Cx%3E%27", "[libretto:pw]"},
        Row{"p%2Fw+%3F%22%C3%A9%0A%7E%3Cx%3E%27", "[libretto:pw]"},
        Row{R"("p/w ?\")"
            "\xc3\xa9"
            R"(\n~<x>'")",
            "\"[libretto:pw]\""},
        Row{R"("p\/w ?\")"
            "\xc3\xa9"
            R"(\n~<x>'")",
            "\"[libretto:pw]\""},
        Row{R"("p/w ?\"\u00e9\n~<x>'")", "\"[libretto:pw]\""},
        Row{R"("p/w ?\")"
            "\xc3\xa9"
            R"(\n~\u003cx\u003e'")",
            "\"[libretto:pw]\""}));

TEST(MaskerTest, TheUrlAlphabetIsKnown) {
  const Masker masker = MaskerFor({{"x", "\xfb\xef\xbe\xff\xff\xff"}});
  EXPECT_EQ(Masked(masker, "++++////"), "[libretto:x]");
  EXPECT_EQ(Masked(masker, "----____"), "[libretto:x]");
}

TEST(MaskerTest, ACharacterBeyondTheBasicPlaneIsTwoEscapesInJson) {
  const Masker masker = MaskerFor({{"x", "key\xf0\x9f\x94\x91"}});
  EXPECT_EQ(Masked(masker, R"(key\ud83d\udd11)"), "[libretto:x]");
}

TEST(MaskerTest, TheLongerOfTwoThatBeginAlikeIsFound) {
  const Masker masker = MaskerFor({{"a", "pass"}, {"b", "password1"}});
  EXPECT_EQ(Masked(masker, "password1 passwordX pass"),
            "[libretto:b] [libretto:a]wordX [libretto:a]");
}

TEST(MaskerTest, OfTwoThatOverlapNothingIsShown) {
  const Masker masker = MaskerFor({{"a", "abcdef"}, {"b", "efghijk"}});
  EXPECT_EQ(Masked(masker, "<abcdefghijk>"), "<[libretto:b]>");
}

TEST(MaskerTest, WhiteSpaceAtTheEndsNeedNotBeThere) {
  const Masker masker = MaskerFor({{"key", " secret\n"}});
  EXPECT_EQ(Masked(masker, "(secret)"), "([libretto:key])");
  EXPECT_EQ(Masked(masker, "( secret\n)"), "([libretto:key])");
}

TEST(MaskerTest, AShortValueIsLeftAlone) {
  const Masker masker = MaskerFor({{"pin", "123"}, {"four", "1234"}});
  EXPECT_EQ(Masked(masker, "123 1234"), "123 [libretto:four]");
}

TEST(MaskerTest, NothingIsHeldThatCannotBecomeAValue) {
  const Masker masker = MaskerFor({{"user", "alice"}});
  Masker::Stream stream(masker);
  EXPECT_EQ(stream.Feed("who? "), "who? ");
  EXPECT_FALSE(stream.holds());
  EXPECT_EQ(stream.Feed("ali"), "");
  EXPECT_TRUE(stream.holds());
  EXPECT_EQ(stream.Feed("bi"), "alibi");
  EXPECT_FALSE(stream.holds());
}

TEST(MaskerTest, WhatFollowsABeginningThatWasShownIsMasked) {
  const Masker masker = MaskerFor({{"user", "alice"}});
  Masker::Stream stream(masker);
  EXPECT_EQ(stream.Feed("al"), "");
  EXPECT_EQ(stream.Flush(), "al");
  EXPECT_EQ(stream.Feed("ice cold"), "[libretto:user] cold");
}

TEST(MaskerTest, ALongValueIsMaskedAsOneAndAPartOfItToo) {
  std::string value;
  for (int i = 0; value.size() < 64 << 10; ++i)
    value += std::to_string(i * 7919);
  const Masker masker = MaskerFor({{"long", value}});
  EXPECT_EQ(InPieces(masker, "<" + value + ">", 4096), "<[libretto:long]>");
  Masker::Stream stream(masker);
  const std::string part = stream.Feed(value.substr(0, 5000)) + stream.Flush();
  EXPECT_THAT(part, Not(HasSubstr(value.substr(1000, 100))));
}

TEST(MaskerTest, TextWithoutValuesIsUnchanged) {
  const Masker masker = MaskerFor({{"user", "alice"}, {"pw", kValue}});
  std::string text;
  for (int i = 0; i < 4096; ++i) text += static_cast<char>(i * i * 31 >> 3);
  EXPECT_EQ(InPieces(masker, text, 7), text);
}

}  // namespace
}  // namespace libretto
