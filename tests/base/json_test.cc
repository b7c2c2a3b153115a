#include "base/json.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

std::string Nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonTest, ReadsADocument) {
  const auto json = ParseJson(R"({"a":[1,true,null,"x"],"b":{"a":2}})");
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(json->at("a").size(), 4U);
  EXPECT_THAT(ParseJson("null"), IsOk());
  EXPECT_THAT(ParseJson(" \n[] "), IsOk());
}

TEST(JsonTest, WhatIsNotOneDocumentIsRefused) {
  for (const std::string_view text :
       {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "{}{}", "'a'", "// a\n1",
        "<html>", "\"\\ud800\"", "1e999", "01", "NaN", "\x01"}) {
    EXPECT_THAT(ParseJson(text), HasCode(StatusCode::kInvalidArgument)) << text;
  }
}

TEST(JsonTest, InvalidUtf8IsRefused) {
  for (const std::string_view text :
       {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xe2\x82\"",
        "{\"\xfe\":1}", "\"\xf4\x90\x80\x80\""}) {
    EXPECT_THAT(ParseJson(text), MessageHas("not well-formed"));
  }
}

TEST(JsonTest, AKeyTwiceInOneObjectIsRefused) {
  EXPECT_THAT(ParseJson(R"({"a":1,"a":2})"), MessageHas("a key twice"));
  EXPECT_THAT(ParseJson(R"({"a":1,"\u0061":2})"), MessageHas("a key twice"));
  EXPECT_THAT(ParseJson(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})"), IsOk());
}

TEST(JsonTest, DepthIsBounded) {
  EXPECT_THAT(ParseJson(Nested(32)), IsOk());
  EXPECT_THAT(ParseJson(Nested(33)), MessageHas("nested too deeply"));
}

// nlohmann-json by itself ends the process on this one.
TEST(JsonTest, AHundredThousandBracketsAreRefused) {
  EXPECT_THAT(ParseJson(std::string(100'000, '[')),
              MessageHas("nested too deeply"));
  EXPECT_THAT(ParseJson(Nested(100'000)), MessageHas("nested too deeply"));
}

TEST(JsonTest, ValuesAreCounted) {
  JsonLimits limits;
  limits.max_nodes = 4;
  EXPECT_THAT(ParseJson("[1,2,3]", limits), IsOk());
  EXPECT_THAT(ParseJson("[1,2,3,4]", limits), MessageHas("too many values"));
  EXPECT_THAT(ParseJson("[[],[],[],[]]", limits),
              MessageHas("too many values"));
}

TEST(JsonTest, SizeIsBounded) {
  JsonLimits limits;
  limits.max_bytes = 4;
  EXPECT_THAT(ParseJson("\"ab\"", limits), IsOk());
  EXPECT_THAT(ParseJson("\"abc\"", limits), MessageHas("too large"));
}

TEST(JsonTest, AComplaintNeverQuotesTheText) {
  const Status status = ParseJson(R"({"password":hunter2})").status();
  EXPECT_EQ(Message(status).find("hunter2"), std::string::npos);
}

TEST(JsonTest, AMemberIsReadWhenItIsThereAndOfTheKind) {
  const Json json = *ParseJson(R"({"text":"x","flag":true,"null":null})");
  EXPECT_EQ(StringAt(json, "text"), "x");
  EXPECT_EQ(StringAt(json, "flag"), std::nullopt);
  EXPECT_EQ(StringAt(json, "null"), std::nullopt);
  EXPECT_EQ(StringAt(json, "missing"), std::nullopt);
  EXPECT_EQ(StringAt(Json::array(), "text"), std::nullopt);
  EXPECT_EQ(BoolAt(json, "flag"), true);
  EXPECT_EQ(BoolAt(json, "text"), std::nullopt);
  EXPECT_EQ(BoolAt(Json(nullptr), "flag"), std::nullopt);
}

}  // namespace
}  // namespace libretto
