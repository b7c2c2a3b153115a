// Time, as the core sees it. The clock counts suspended time (CLOCK_BOOTTIME),
// so that a machine which slept past a limit wakes up past it. Core objects
// start no timers: they report their next deadline and are ticked.
//
// Clock: any thread. Ticker: loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace libretto {

// Time since boot, suspension included. Comparable only within one boot.
struct BootTime {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<BootTime>;
  static constexpr bool is_steady = true;
};
using TimePoint = BootTime::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual WallTime WallNow() const = 0;  // for display and the cloud's expiries
};

class SystemClock final : public Clock {
 public:
  TimePoint Now() const override;
  WallTime WallNow() const override;
};

// Something that has to be woken. The loop calls Tick() at or after
// NextDeadline(), at the latest 15 seconds after it has passed.
class Ticker {
 public:
  virtual ~Ticker() = default;
  virtual std::optional<TimePoint> NextDeadline() const = 0;
  virtual void Tick() = 0;
};

}  // namespace libretto
