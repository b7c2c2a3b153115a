// A clock that moves when the test says so; both its times move together,
// unless the test sets the time of day.
#pragma once

#include "base/clock.h"

namespace libretto::testing {

class ManualClock final : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  WallTime WallNow() const override { return wall_; }

  void Advance(std::chrono::nanoseconds by) {
    now_ += by;
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }

  void SetTimeOfDay(WallTime wall) { wall_ = wall; }

 private:
  TimePoint now_{std::chrono::hours(1)};
  // 2026-01-01T00:00:00Z
  WallTime wall_{std::chrono::seconds(1'767'225'600)};
};

}  // namespace libretto::testing
