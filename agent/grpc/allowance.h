// Allowance: how often something may happen: so many times at once, and then as
// fast as it comes back. Not thread-safe; time is handed in.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace libretto {

class Allowance {
 public:
  Allowance(int burst, int per_s, TimePoint now);

  // Takes `count`; false once there was less than that.
  bool Spend(std::uint32_t count, TimePoint now);

  // Gives `count` back, up to the burst.
  void Earn(std::int64_t count);

 private:
  // All three in thousandths.
  std::int64_t most_;
  std::int64_t per_s_;
  std::int64_t left_;
  TimePoint refilled_;
};

}  // namespace libretto
