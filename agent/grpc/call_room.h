// CallRoom: how many calls may be in flight at once, on one connection, through
// one scope, through all scopes and altogether, and how many bytes of requests
// and answers may be held for callers. It is the agent's own count: HTTP/2's
// limit on streams ends with the stream, but a call that its caller has given
// up goes on costing until the cloud has answered.
//
// Loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/errors.h"

namespace libretto {

class CallRoom {
 public:
  static constexpr int kMaxCallsPerConnection = 32;
  static constexpr int kMaxCallsPerScope = 128;
  static constexpr int kMaxCalls = 1024;
  // Of them through scopes: who holds some must not keep everybody else out.
  static constexpr int kMaxScopedCalls = 512;

  // Of requests that have not ended and of answers that have not been read.
  static constexpr std::ptrdiff_t kMaxBytes = std::ptrdiff_t{64} << 20;
  static constexpr std::ptrdiff_t kMaxBytesPerScope = std::ptrdiff_t{4} << 20;
  static constexpr std::ptrdiff_t kMaxScopedBytes = std::ptrdiff_t{32} << 20;

  struct Use {
    int calls = 0;
    std::ptrdiff_t bytes = 0;
  };
  // What one connection takes, and its scope with it.
  struct Share {
    std::shared_ptr<Use> scope;  // null: it came through the main socket
    Use own = {};
  };

  // One call's place, given back when this is destroyed.
  class Place {
   public:
    Place(CallRoom& room, std::shared_ptr<Share> share);
    ~Place();
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    CallRoom* room_;
    std::shared_ptr<Share> share_;  // null: moved away
  };

  // `emptied` is called whenever the last call in flight has ended.
  explicit CallRoom(std::function<void()> emptied)
      : emptied_(std::move(emptied)) {}
  ~CallRoom() = default;
  CallRoom(const CallRoom&) = delete;
  CallRoom& operator=(const CallRoom&) = delete;

  // Throttled() when there are too many. The room outlives the place.
  StatusOr<Place> Enter(const std::shared_ptr<Share>& share);

  // So many bytes more (or less) are held. False: they are too many.
  bool Hold(Share& share, std::ptrdiff_t more);

  int calls() const { return all_.calls; }

 private:
  void Count(Share& share, const Use& more);

  Use all_;
  Use scoped_;
  const std::function<void()> emptied_;
};

}  // namespace libretto
