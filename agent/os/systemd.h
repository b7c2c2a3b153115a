// What systemd hands to a service and wants to hear from it: sd_listen_fds(3),
// sd_watchdog_enabled(3). base/notify_systemd.h has the rest. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

struct ActivatedSocket {
  UniqueFd fd;
  std::string path;
};

// The one listening Unix socket that systemd has handed over. Invalid() when it
// is none, or not that.
StatusOr<ActivatedSocket> TakeActivatedSocket();

// Tells systemd that the loop is turning, twice in the time that it has set;
// systemd ends a service that it does not hear of.
//
// Loop thread only.
class Watchdog final : public Ticker {
 public:
  explicit Watchdog(const Clock& clock);

  std::optional<TimePoint> NextDeadline() const override { return next_; }
  void Tick() override;

 private:
  const Clock& clock_;
  std::chrono::microseconds interval_{0};
  std::optional<TimePoint> next_;
};

}  // namespace libretto
