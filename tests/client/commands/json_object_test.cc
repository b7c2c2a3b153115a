#include "client/commands/json_object.h"

#include <gtest/gtest.h>

namespace libretto {
namespace {

TEST(JsonObjectTest, MembersKeepTheirOrder) {
  EXPECT_EQ(JsonObject()
                .Text("b", "x")
                .Number("a", -1)
                .Flag("c", true)
                .TextOrNull("d", "")
                .Raw("e", JsonArray(std::vector<std::string>{"1", "2"}))
                .str(),
            R"({"b":"x","a":-1,"c":true,"d":null,"e":["1","2"]})");
}

TEST(JsonObjectTest, EmptyThingsAreWellFormed) {
  EXPECT_EQ(JsonObject().str(), "{}");
  EXPECT_EQ(JsonArray(std::vector<JsonObject>()), "[]");
}

TEST(JsonTextTest, EscapesWhatJsonHasToEscape) {
  EXPECT_EQ(JsonText(std::string_view("\"\\\n\t\r\x01\x7f\0", 8)),
            R"("\"\\\n\t\r\u0001\u007f\u0000")");
}

TEST(JsonTextTest, EscapesWhatATerminalActsOn) {
  EXPECT_EQ(JsonText("\xc2\x9b"
                     "2J\xd8\x9c\xe2\x80\xae\xe2\x81\xa6"),
            R"("\u009b2J\u061c\u202e\u2066")");
}

TEST(JsonTextTest, Utf8PassesAndTheRestBecomesTheReplacement) {
  EXPECT_EQ(JsonText("\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91"),
            "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91\"");
  EXPECT_EQ(JsonText("a\xff"
                     "b"),
            "\"a\xef\xbf\xbd"
            "b\"");
}

TEST(IsUtf8Test, KnowsTheMalformedForms) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\xf4\x8f\xbf\xbf"));
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x9f\xbf",
                          "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

}  // namespace
}  // namespace libretto
