#include "agent/grpc/call_room.h"

#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace libretto {
namespace {

std::shared_ptr<CallRoom::Share> Connection(bool scoped = false) {
  return std::make_shared<CallRoom::Share>(CallRoom::Share{.scoped = scoped});
}

TEST(CallRoomTest, OneConnectionHasNoMoreThanItsShareOfCalls) {
  CallRoom room;
  const auto one = Connection();
  const auto other = Connection();
  std::vector<CallRoom::Place> places;
  for (int i = 0; i < CallRoom::kMaxCallsPerConnection; ++i) {
    auto place = room.Enter(one);
    ASSERT_TRUE(place.ok());
    places.push_back(*std::move(place));
  }
  EXPECT_EQ(room.Enter(one).status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(room.Enter(other).ok());
  places.pop_back();
  EXPECT_TRUE(room.Enter(one).ok());
  EXPECT_EQ(room.calls(), CallRoom::kMaxCallsPerConnection - 1);
}

TEST(CallRoomTest, ScopesLeaveRoomForTheOthers) {
  CallRoom room;
  std::vector<CallRoom::Place> places;
  std::shared_ptr<CallRoom::Share> scoped;
  for (int i = 0; i < CallRoom::kMaxScopedCalls; ++i) {
    if (i % CallRoom::kMaxCallsPerConnection == 0) scoped = Connection(true);
    auto place = room.Enter(scoped);
    ASSERT_TRUE(place.ok()) << i;
    places.push_back(*std::move(place));
  }
  EXPECT_FALSE(room.Enter(Connection(true)).ok());
  EXPECT_TRUE(room.Enter(Connection()).ok());
  places.pop_back();
  EXPECT_TRUE(room.Enter(Connection(true)).ok());
}

TEST(CallRoomTest, WhatScopesHoldIsNobodyElsesLack) {
  CallRoom room;
  const auto scoped = Connection(true);
  const auto main = Connection();
  EXPECT_TRUE(room.Hold(*scoped, CallRoom::kMaxScopedBytes));
  EXPECT_FALSE(room.Hold(*scoped, 1));
  EXPECT_TRUE(room.Hold(*main, 1));
  EXPECT_TRUE(room.Hold(*scoped, -2));
  EXPECT_FALSE(room.Hold(*main, CallRoom::kMaxBytes));
}

TEST(CallRoomTest, TheLastToLeaveIsNoticed) {
  CallRoom room;
  int empty = 0;
  room.WhenEmpty([&empty] { ++empty; });
  EXPECT_EQ(empty, 1);
  std::optional<CallRoom::Place> one = *room.Enter(Connection());
  std::optional<CallRoom::Place> other = *room.Enter(Connection());
  room.WhenEmpty([&empty] { ++empty; });
  one.reset();
  EXPECT_EQ(empty, 1);
  other.reset();
  EXPECT_EQ(empty, 2);
}

}  // namespace
}  // namespace libretto
