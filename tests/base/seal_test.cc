#include "base/seal.h"

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;

class SealTest : public ::testing::Test {
 protected:
  std::vector<std::byte> SealText(std::string_view text) {
    return Seal(SecretBytes::CopyOf(text), key_, binding_);
  }

  const DataKey key_ = DataKey::Generate();
  const std::string binding_ = BindingOf({"default", "username"});
};

TEST_F(SealTest, WhatWasSealedOpens) {
  const auto opened = Open(SealText("alice"), key_, binding_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->Reveal(), "alice");
}

TEST_F(SealTest, AnEmptyValueIsAValue) {
  const auto opened = Open(SealText(""), key_, binding_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_TRUE(opened->empty());
}

TEST_F(SealTest, TheSameValueNeverSealsAlike) {
  EXPECT_NE(SealText("alice"), SealText("alice"));
}

TEST_F(SealTest, AnotherNameDoesNotOpenIt) {
  EXPECT_THAT(Open(SealText("alice"), key_, BindingOf({"default", "password"})),
              HasCode(StatusCode::kDataLoss));
}

TEST_F(SealTest, AnotherKeyDoesNotOpenIt) {
  EXPECT_THAT(Open(SealText("alice"), DataKey::Generate(), binding_),
              HasCode(StatusCode::kDataLoss));
}

TEST_F(SealTest, EveryFlippedByteIsNoticed) {
  const auto sealed = SealText("alice");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= std::byte{1};
    EXPECT_THAT(Open(changed, key_, binding_), HasCode(StatusCode::kDataLoss));
  }
}

TEST_F(SealTest, EveryTruncationIsNoticed) {
  const auto sealed = SealText("alice");
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_THAT(Open(std::span(sealed).first(size), key_, binding_),
                HasCode(StatusCode::kDataLoss));
  }
}

TEST_F(SealTest, BindingsOfDifferentPartsDiffer) {
  EXPECT_NE(BindingOf({"ab", "c"}), BindingOf({"a", "bc"}));
  EXPECT_NE(BindingOf({"a"}), BindingOf({"a", ""}));
}

}  // namespace
}  // namespace libretto
