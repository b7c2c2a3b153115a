#include "agent/rpc/peer_table.h"

#include <string>

#include <gtest/gtest.h>

namespace libretto {
namespace {

TEST(PeerTableTest, ACallerIsWhoTheDescriptorWasEnteredFor) {
  PeerTable peers;
  peers.Enter(7, {1000, 42});
  const auto caller = peers.BeginCall("fd:7");
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->pid, 42);
  for (const char* peer : {"fd:8", "fd:", "fd:7x", "unix:", "", "fd:-1"}) {
    EXPECT_FALSE(peers.BeginCall(peer).ok()) << peer;
  }
}

TEST(PeerTableTest, OneConnectionHasNoMoreThanItsShareOfCalls) {
  PeerTable peers;
  peers.Enter(7, {});
  peers.Enter(8, {});
  for (int i = 0; i < PeerTable::kMaxCallsPerConnection; ++i) {
    ASSERT_TRUE(peers.BeginCall("fd:7").ok());
  }
  EXPECT_EQ(peers.BeginCall("fd:7").status().code(),
            StatusCode::kResourceExhausted);
  EXPECT_TRUE(peers.BeginCall("fd:8").ok());
  peers.EndCall("fd:7");
  EXPECT_TRUE(peers.BeginCall("fd:7").ok());
}

TEST(PeerTableTest, ScopesLeaveRoomForTheOthers) {
  PeerTable peers;
  peers.Enter(7, {});
  const auto begin = [&peers](int fd) {
    return peers.BeginCall("fd:" + std::to_string(fd)).ok();
  };
  for (int i = 0; i < PeerTable::kMaxScopedCalls; ++i) {
    const int fd = 10 + i / PeerTable::kMaxCallsPerConnection;
    if (i % PeerTable::kMaxCallsPerConnection == 0) {
      peers.Enter(fd, {0, 0, /*scope=*/1});
    }
    ASSERT_TRUE(begin(fd)) << i;
  }
  peers.Enter(9, {0, 0, /*scope=*/2});
  EXPECT_FALSE(begin(9));
  EXPECT_TRUE(begin(7));
  peers.EndCall("fd:7");
  EXPECT_FALSE(begin(9));
  peers.EndCall("fd:10");
  EXPECT_TRUE(begin(9));
}

TEST(PeerTableTest, AConnectionIsBusyWhileACallOnItIsInFlight) {
  PeerTable peers;
  peers.Enter(7, {});
  EXPECT_FALSE(peers.Busy(7));
  ASSERT_TRUE(peers.BeginCall("fd:7").ok());
  EXPECT_TRUE(peers.Busy(7));
  EXPECT_FALSE(peers.Busy(6));
  EXPECT_FALSE(peers.Busy(100));
  peers.EndCall("fd:7");
  EXPECT_FALSE(peers.Busy(7));
}

}  // namespace
}  // namespace libretto
