#include "agent/grpc/call_room.h"

#include <utility>

namespace libretto {
namespace {

void Add(const CallRoom::Use& more, CallRoom::Use& to) {
  to.calls += more.calls;
  to.bytes += more.bytes;
}

}  // namespace

CallRoom::Place::Place(CallRoom& room, std::shared_ptr<Share> share)
    : room_(&room), share_(std::move(share)) {}

CallRoom::Place::~Place() {
  if (share_ == nullptr) return;
  room_->Count(*share_, {.calls = -1});
  if (room_->calls() == 0) room_->emptied_();
}

StatusOr<CallRoom::Place> CallRoom::Enter(const std::shared_ptr<Share>& share) {
  if (share->own.calls >= kMaxCallsPerConnection || all_.calls >= kMaxCalls ||
      (share->scope != nullptr && (share->scope->calls >= kMaxCallsPerScope ||
                                   scoped_.calls >= kMaxScopedCalls))) {
    return Throttled("too many calls at once", std::chrono::seconds(1));
  }
  Count(*share, {.calls = 1});
  return Place(*this, share);
}

bool CallRoom::Hold(Share& share, std::ptrdiff_t more) {
  Count(share, {.bytes = more});
  return all_.bytes <= kMaxBytes &&
         (share.scope == nullptr || (share.scope->bytes <= kMaxBytesPerScope &&
                                     scoped_.bytes <= kMaxScopedBytes));
}

void CallRoom::Count(Share& share, const Use& more) {
  Add(more, share.own);
  Add(more, all_);
  if (share.scope == nullptr) return;
  Add(more, *share.scope);
  Add(more, scoped_);
}

}  // namespace libretto
