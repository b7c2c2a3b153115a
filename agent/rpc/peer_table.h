// PeerTable: who is behind a connection that was handed to gRPC. gRPC names it
// "fd:N", and N cannot be used again while a call on it lives, so a slot is
// filled before the hand-over, looked up when a handler starts, and simply
// overwritten by the next connection with that number.
//
// It also counts the calls in flight: gRPC's own limit on streams does not bind
// a client that never acknowledges SETTINGS.
//
// Any thread (guarded).
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/core/caller.h"
#include "base/errors.h"

namespace libretto {

class PeerTable {
 public:
  static constexpr int kMaxCallsPerConnection = 32;
  static constexpr int kMaxCalls = 1024;
  // Of them through scopes: who holds some must not keep everybody else out.
  static constexpr int kMaxScopedCalls = 512;

  void Enter(int fd, const Caller& caller);

  // One call of the connection that gRPC calls `peer` begins. Throttled() when
  // there are too many; the caller is what Enter() was given.
  StatusOr<Caller> BeginCall(std::string_view peer);

  // REQUIRES: BeginCall(peer) was OK.
  void EndCall(std::string_view peer);

  // Whether a call is in flight on connection `fd`.
  bool Busy(int fd);

 private:
  struct Slot {
    std::optional<Caller> caller;
    int calls = 0;
  };

  Slot* Find(std::string_view peer);

  std::mutex mutex_;
  std::vector<Slot> slots_;  // by descriptor
  int calls_ = 0;
  int scoped_calls_ = 0;
};

}  // namespace libretto
