#include "agent/remote/credential_list.h"

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

constexpr std::string_view kTwo =
    R"("credentials":[
         {"credential_id":"1","name":"a","created_at":"c1","updated_at":"u1"},
         {"name":"b","credential_id":"2"}])";

std::string Braced(std::string_view text) {
  return "{" + std::string(text) + "}";
}

TEST(CredentialListTest, IsReadWithAndWithoutTheEnvelope) {
  for (const std::string& text :
       {Braced(kTwo), "{\"json\":" + Braced(kTwo) + "}",
        "{\"meta\":[[1,\"x\"]],\"json\":" + Braced(kTwo) + "}"}) {
    const auto list = ParseCredentialList(text);
    ASSERT_THAT(list, IsOk()) << text;
    ASSERT_EQ(list->size(), 2U);
    EXPECT_EQ((*list)[0].id, "1");
    EXPECT_EQ((*list)[0].name, "a");
    EXPECT_EQ((*list)[0].created_at, "c1");
    EXPECT_EQ((*list)[0].updated_at, "u1");
    EXPECT_EQ((*list)[1].name, "b");
    EXPECT_EQ((*list)[1].updated_at, "");
  }
}

TEST(CredentialListTest, MayBeEmpty) {
  EXPECT_EQ(ParseCredentialList(R"({"credentials":[]})")->size(), 0U);
}

TEST(CredentialListTest, WhatIsNotKnownIsPassedOver) {
  const auto list = ParseCredentialList(
      R"({"json":{"total":1,"tags":["name","x"],"credentials":[
          {"owner":{"name":"casey","credential_id":"9"},"name":"a",
           "labels":["credential_id",{"name":"n"}],"credential_id":"1",
           "size":3,"updated_at":null}],"next":{"credentials":[]}}})");
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ((*list)[0].name, "a");
  EXPECT_EQ((*list)[0].id, "1");
}

TEST(CredentialListTest, AnythingElseIsRefused) {
  const std::pair<std::string, const char*> rows[] = {
      {"", "well-formed"},
      {"[]", "no list"},
      {"{}", "no list"},
      {R"({"credentials":7})", "no list"},
      {R"({"credentials":{}})", "no list"},
      {R"({"other":{"credentials":[]}})", "no list"},
      {R"({"credentials":[7]})", "something else"},
      {R"({"credentials":[[]]})", "something else"},
      {R"({"credentials":[{"name":"a"}]})", "without an id"},
      {R"({"credentials":[{"credential_id":"1","name":7}]})", "without an id"},
      {R"({"credentials":[{"credential_id":"1","name":"a","name":"b"}]})",
       "twice"},
      {R"({"credentials":[{"credential_id":"1","name":"\xff"}]})",
       "well-formed"},
      {R"({"credentials":[]} {})", "well-formed"},
      {R"({"credentials":[)", "well-formed"},
      {std::string(100'000, '['), "too deeply"},
  };
  for (const auto& [text, why] : rows) {
    const auto list = ParseCredentialList(text);
    EXPECT_THAT(list, HasCode(StatusCode::kInvalidArgument));
    EXPECT_THAT(list, MessageHas(why)) << text.substr(0, 80);
  }
}

TEST(CredentialListTest, IsBounded) {
  std::string text = "{\"credentials\":[";
  for (std::size_t i = 0; i <= kMaxListed; ++i) {
    text += i == 0 ? "" : ",";
    text += "{\"credential_id\":\"1\",\"name\":\"a\"}";
  }
  EXPECT_THAT(ParseCredentialList(text + "]}"), MessageHas("too many"));
  EXPECT_THAT(ParseCredentialList(std::string(kMaxListBytes + 1, ' ')),
              MessageHas("too large"));
}

}  // namespace
}  // namespace libretto
