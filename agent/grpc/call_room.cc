#include "agent/grpc/call_room.h"

#include <utility>

namespace libretto {

CallRoom::Place::Place(CallRoom& room, std::shared_ptr<Share> share)
    : room_(&room), share_(std::move(share)) {}

CallRoom::Place::~Place() {
  if (share_ != nullptr) room_->Leave(*share_);
}

StatusOr<CallRoom::Place> CallRoom::Enter(const std::shared_ptr<Share>& share) {
  if (share->calls >= kMaxCallsPerConnection || calls_ >= kMaxCalls ||
      (share->scoped && scoped_calls_ >= kMaxScopedCalls)) {
    return Throttled("too many calls at once", std::chrono::seconds(1));
  }
  ++share->calls;
  ++calls_;
  if (share->scoped) ++scoped_calls_;
  return Place(*this, share);
}

void CallRoom::Leave(Share& share) {
  --share.calls;
  --calls_;
  if (share.scoped) --scoped_calls_;
  if (calls_ == 0 && empty_) std::exchange(empty_, nullptr)();
}

bool CallRoom::Hold(const Share& share, std::ptrdiff_t more) {
  bytes_ += more;
  if (share.scoped) scoped_bytes_ += more;
  return bytes_ <= kMaxBytes &&
         (!share.scoped || scoped_bytes_ <= kMaxScopedBytes);
}

void CallRoom::WhenEmpty(std::function<void()> empty) {
  if (calls_ == 0) return empty();
  empty_ = std::move(empty);
}

}  // namespace libretto
