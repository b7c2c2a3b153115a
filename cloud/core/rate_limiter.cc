#include "cloud/core/rate_limiter.h"

#include <algorithm>

namespace libretto::cloud {

std::chrono::seconds RateLimiter::Take(std::string_view thing,
                                       const Rate& rate) {
  const std::scoped_lock lock(mutex_);
  const TimePoint now = clock_.Now();
  std::string name(thing);
  const auto known = free_at_.find(name);
  const TimePoint free_at =
      known == free_at_.end() ? now : std::max(known->second, now);
  const auto over = free_at - now - (rate.at_once - 1) * rate.every;
  if (over > std::chrono::nanoseconds(0)) {
    return std::chrono::ceil<std::chrono::seconds>(over);
  }
  if (known != free_at_.end()) {
    known->second = free_at + rate.every;
    return std::chrono::seconds(0);
  }
  if (free_at_.size() >= kMaxThings) MakeRoom(now);
  free_at_.emplace(std::move(name), free_at + rate.every);
  return std::chrono::seconds(0);
}

void RateLimiter::MakeRoom(TimePoint now) {
  std::erase_if(free_at_,
                [&](const auto& entry) { return entry.second <= now; });
  if (free_at_.size() < kMaxThings) return;
  free_at_.erase(std::min_element(
      free_at_.begin(), free_at_.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; }));
}

}  // namespace libretto::cloud
