#include "agent/grpc/call_room.h"

#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace libretto {
namespace {

using SharePtr = std::shared_ptr<CallRoom::Share>;
using UsePtr = std::shared_ptr<CallRoom::Use>;

SharePtr Connection(UsePtr scope = nullptr) {
  return std::make_shared<CallRoom::Share>(
      CallRoom::Share{.scope = std::move(scope)});
}

class CallRoomTest : public ::testing::Test {
 protected:
  // As many calls as fit.
  int Fill(const SharePtr& share) {
    int count = 0;
    while (true) {
      StatusOr<CallRoom::Place> place = room_.Enter(share);
      if (!place.ok()) {
        EXPECT_EQ(place.status().code(), StatusCode::kResourceExhausted);
        return count;
      }
      places_.push_back(*std::move(place));
      ++count;
    }
  }

  int emptied_ = 0;
  CallRoom room_{[this] { ++emptied_; }};
  std::vector<CallRoom::Place> places_;
};

TEST_F(CallRoomTest, OneConnectionHasNoMoreThanItsShareOfCalls) {
  const SharePtr one = Connection();
  EXPECT_EQ(Fill(one), CallRoom::kMaxCallsPerConnection);
  EXPECT_TRUE(room_.Enter(Connection()).ok());
  places_.pop_back();
  EXPECT_EQ(Fill(one), 1);
}

TEST_F(CallRoomTest, OneScopeLeavesRoomForTheOthers) {
  const auto scope = std::make_shared<CallRoom::Use>();
  int calls = 0;
  for (int i = 0; i < 16; ++i) calls += Fill(Connection(scope));
  EXPECT_EQ(calls, CallRoom::kMaxCallsPerScope);
  EXPECT_EQ(Fill(Connection(std::make_shared<CallRoom::Use>())),
            CallRoom::kMaxCallsPerConnection);
}

TEST_F(CallRoomTest, ScopesLeaveRoomForTheMainSocket) {
  int calls = 0;
  for (int i = 0; i < 100; ++i) {
    calls += Fill(Connection(std::make_shared<CallRoom::Use>()));
  }
  EXPECT_EQ(calls, CallRoom::kMaxScopedCalls);
  EXPECT_EQ(Fill(Connection()), CallRoom::kMaxCallsPerConnection);
}

TEST_F(CallRoomTest, WhatOneScopeHoldsIsNobodyElsesLack) {
  const SharePtr scoped = Connection(std::make_shared<CallRoom::Use>());
  const SharePtr other = Connection(std::make_shared<CallRoom::Use>());
  const SharePtr main = Connection();
  EXPECT_TRUE(room_.Hold(*scoped, CallRoom::kMaxBytesPerScope));
  EXPECT_FALSE(room_.Hold(*scoped, 1));
  EXPECT_TRUE(room_.Hold(*other, 1));
  EXPECT_TRUE(room_.Hold(*main, 1));
  EXPECT_TRUE(room_.Hold(*scoped, -2));
  EXPECT_FALSE(room_.Hold(*main, CallRoom::kMaxBytes));
}

TEST_F(CallRoomTest, TheLastToLeaveIsNoticed) {
  std::optional<CallRoom::Place> one = *room_.Enter(Connection());
  std::optional<CallRoom::Place> other = *room_.Enter(Connection());
  one.reset();
  EXPECT_EQ(emptied_, 0);
  other.reset();
  EXPECT_EQ(emptied_, 1);
}

}  // namespace
}  // namespace libretto
