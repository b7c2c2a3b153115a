#include "agent/rpc/peer_table.h"

#include <charconv>

#include "base/check.h"

namespace libretto {

void PeerTable::Enter(int fd, const Caller& caller) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto index = static_cast<std::size_t>(fd);
  if (index >= slots_.size()) slots_.resize(index + 1);
  slots_[index] = {caller, 0};
}

StatusOr<Caller> PeerTable::BeginCall(std::string_view peer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Slot* const slot = Find(peer);
  if (slot == nullptr || !slot->caller.has_value()) {
    return Internal("the connection's owner is not known");
  }
  const bool scoped = slot->caller->scope != 0;
  if (slot->calls >= kMaxCallsPerConnection || calls_ >= kMaxCalls ||
      (scoped && scoped_calls_ >= kMaxScopedCalls)) {
    return Throttled("too many calls at once", std::chrono::seconds(1));
  }
  ++slot->calls;
  ++calls_;
  if (scoped) ++scoped_calls_;
  return *slot->caller;
}

void PeerTable::EndCall(std::string_view peer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Slot* const slot = Find(peer);
  LIBRETTO_CHECK(slot != nullptr && slot->calls > 0 && calls_ > 0);
  --slot->calls;
  --calls_;
  if (slot->caller->scope != 0) --scoped_calls_;
}

bool PeerTable::Busy(int fd) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto index = static_cast<std::size_t>(fd);
  return index < slots_.size() && slots_[index].calls > 0;
}

PeerTable::Slot* PeerTable::Find(std::string_view peer) {
  constexpr std::string_view kPrefix = "fd:";
  if (!peer.starts_with(kPrefix)) return nullptr;
  peer.remove_prefix(kPrefix.size());
  std::size_t fd = 0;
  const auto [end, error] =
      std::from_chars(peer.data(), peer.data() + peer.size(), fd);
  if (error != std::errc() || end != peer.data() + peer.size() ||
      fd >= slots_.size()) {
    return nullptr;
  }
  return &slots_[fd];
}

}  // namespace libretto
