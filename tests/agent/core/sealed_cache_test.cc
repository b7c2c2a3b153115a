#include "agent/core/sealed_cache.h"

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::seconds;
using testing::HasCode;

class SealedCacheTest : public ::testing::Test {
 protected:
  static CredentialName Name(std::string_view text) {
    return CredentialName::Parse(text).value();
  }
  void Put(std::string_view name, std::string_view value) {
    cache_.Put(Name(name), SecretBytes::CopyOf(value), key_,
               {cache_.UpdatedAt(Name(name)), now_, ++generation_});
  }
  std::size_t List(std::vector<std::pair<std::string, std::string>> items) {
    std::vector<CredentialInfo> list;
    for (const auto& [name, updated_at] : items) {
      list.push_back({"id", name, "t0", updated_at});
    }
    return cache_.ApplyList(std::move(list), now_);
  }
  bool IsCurrent(std::string_view name) const {
    return cache_.HasCurrent(Name(name));
  }

  SealedCache cache_{"default", {3, 1000}};
  DataKey key_ = DataKey::Generate();
  TimePoint now_{seconds(100)};
  std::uint64_t generation_ = 0;
};

TEST_F(SealedCacheTest, AListConfirmsWhatItDoesNotContradict) {
  List({{"a", "1"}, {"b", "1"}});
  Put("a", "x");
  Put("b", "y");
  now_ += seconds(30);
  List({{"a", "1"}, {"b", "2"}});
  EXPECT_TRUE(IsCurrent("a"));
  EXPECT_EQ(cache_.Get(Name("a"), key_)->checked, now_);
  EXPECT_FALSE(IsCurrent("b"));
  EXPECT_EQ(cache_.Get(Name("b"), key_)->checked, now_ - seconds(30));
}

TEST_F(SealedCacheTest, AListThatBeganEarlierMakesNoValueOlder) {
  List({{"a", "1"}});
  Put("a", "x");
  cache_.ApplyList({{"id", "a", "t0", "1"}}, now_ - seconds(5));
  EXPECT_EQ(cache_.Get(Name("a"), key_)->checked, now_);
}

TEST_F(SealedCacheTest, ACloudThatGoesBackAndForthConfirmsNothing) {
  List({{"a", "2"}});
  Put("a", "x");
  List({{"a", "1"}});
  List({{"a", "2"}});
  EXPECT_FALSE(IsCurrent("a"));
}

TEST_F(SealedCacheTest, ACloudThatTellsNoTimeConfirmsNothing) {
  List({{"a", ""}});
  Put("a", "x");
  EXPECT_TRUE(IsCurrent("a"));  // the fetch itself has said so
  List({{"a", ""}});
  EXPECT_FALSE(IsCurrent("a"));
}

TEST_F(SealedCacheTest, WhatIsNotInTheListIsForgotten) {
  List({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  Put("a", "x");
  Put("new", "y");
  EXPECT_EQ(List({{"b", "1"}, {"d", "1"}}), 3U);
  EXPECT_EQ(cache_.entries(), 2U);
  EXPECT_EQ(cache_.values(), 0U);
  EXPECT_EQ(cache_.value_bytes(), 0U);
}

TEST_F(SealedCacheTest, ANameThatIsListedTwiceCountsOnce) {
  EXPECT_EQ(List({{"a", "1"}, {"a", "2"}}), 0U);
  EXPECT_EQ(cache_.entries(), 1U);
  EXPECT_EQ(cache_.UpdatedAt(Name("a")), "2");
}

TEST_F(SealedCacheTest, AListNeedNotBeInOrder) {
  List({{"b", "1"}, {"a", "1"}, {"c", "1"}});
  Put("a", "x");
  EXPECT_EQ(List({{"c", "2"}, {"a", "1"}, {"d", "1"}, {"a", "1"}}), 1U);
  EXPECT_EQ(cache_.entries(), 3U);
  EXPECT_TRUE(IsCurrent("a"));
  EXPECT_EQ(cache_.UpdatedAt(Name("c")), "2");
  EXPECT_FALSE(cache_.Info(Name("b")).has_value());
}

TEST_F(SealedCacheTest, BeyondTheLimitOnValuesTheOneUsedLongestAgoGoes) {
  List({{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}});
  for (const char* name : {"a", "b", "c"}) Put(name, "x");
  ASSERT_TRUE(cache_.Get(Name("a"), key_).ok());
  Put("d", "x");
  EXPECT_TRUE(cache_.HasValue(Name("a")));
  EXPECT_FALSE(cache_.HasValue(Name("b")));
  EXPECT_EQ(cache_.values(), 3U);
  // Its metadata stays.
  EXPECT_EQ(cache_.Info(Name("b"))->updated_at, "1");
}

TEST_F(SealedCacheTest, BeyondTheLimitOnBytesTheOneUsedLongestAgoGoes) {
  const std::string big(480, 'x');
  Put("a", big);
  Put("b", big);
  EXPECT_FALSE(cache_.HasValue(Name("a")));
  EXPECT_TRUE(cache_.HasValue(Name("b")));
  EXPECT_LE(cache_.value_bytes(), 1000U);
}

TEST_F(SealedCacheTest, AValueInDoubtIsHeldButNotCurrent) {
  List({{"a", "1"}});
  Put("a", "x");
  cache_.Doubt(Name("a"));
  EXPECT_TRUE(cache_.HasValue(Name("a")));
  EXPECT_FALSE(IsCurrent("a"));
  List({{"a", "1"}});
  EXPECT_FALSE(IsCurrent("a"));
}

TEST_F(SealedCacheTest, AnotherKeyOpensNothing) {
  Put("a", "x");
  const DataKey other = DataKey::Generate();
  EXPECT_THAT(cache_.Get(Name("a"), other).status(),
              HasCode(StatusCode::kDataLoss));
  EXPECT_FALSE(cache_.HasValue(Name("a")));
}

}  // namespace
}  // namespace libretto
