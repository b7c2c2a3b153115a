#include "agent/grpc/allowance.h"

#include <algorithm>

namespace libretto {

Allowance::Allowance(int burst, int per_s, TimePoint now)
    : most_(std::int64_t{1000} * burst),
      per_s_(std::int64_t{1000} * per_s),
      left_(most_),
      refilled_(now) {}

bool Allowance::Spend(std::uint32_t count, TimePoint now) {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::clamp<std::chrono::nanoseconds>(
          now - refilled_, std::chrono::nanoseconds(0), std::chrono::hours(1)));
  left_ = std::min(most_, left_ + passed.count() * per_s_ / 1000);
  refilled_ += passed;
  left_ -= std::int64_t{1000} * count;
  return left_ >= 0;
}

void Allowance::Earn(std::int64_t count) {
  left_ = std::min(most_, left_ + 1000 * count);
}

}  // namespace libretto
