// CacheReport: how one profile's cache is doing, in numbers; for `agent status`
// and for the metrics page. Nothing of it is secret.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/core/profile.h"

namespace libretto {

struct CacheReport {
  std::size_t credentials = 0;  // names known from the last list
  std::size_t cached = 0;       // values held, sealed
  std::size_t cached_bytes = 0;
  CacheLimits limits;
  std::int64_t hits = 0;
  std::int64_t misses = 0;
  std::optional<WallTime> last_sync;
  std::optional<WallTime> next_sync;  // nothing: when somebody asks
  std::optional<WallTime> offline_since;
  Breaker::State cloud = Breaker::State::kClosed;
  bool told_to_wait = false;
  std::optional<WallTime> next_try;  // while the breaker is not closed
};

CacheReport ReportOn(const Profile& profile, const Clock& clock);

}  // namespace libretto
