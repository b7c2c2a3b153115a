#include "agent/core/cache_report.h"

#include <algorithm>

namespace libretto {
namespace {

std::optional<WallTime> ByTheWall(const std::optional<TimePoint>& time,
                                  const Clock& clock) {
  if (!time.has_value()) return std::nullopt;
  const auto left = std::max<std::chrono::nanoseconds>(*time - clock.Now(), {});
  return clock.WallNow() + std::chrono::duration_cast<WallTime::duration>(left);
}

}  // namespace

CacheReport ReportOn(const Profile& profile, const Clock& clock) {
  const Broker::Counters& counters = profile.broker.counters();
  CacheReport report;
  report.credentials = profile.cache.entries();
  report.cached = profile.cache.values();
  report.cached_bytes = profile.cache.value_bytes();
  report.limits = profile.cache.limits();
  report.hits = counters.hits;
  report.misses = counters.misses;
  report.last_sync = counters.last_list;
  report.next_sync = ByTheWall(profile.syncer.NextList(), clock);
  report.offline_since = counters.offline_since;
  if (const Breaker* const breaker = profile.broker.breaker()) {
    report.cloud = breaker->state();
    report.told_to_wait = breaker->told_to_wait();
    report.next_try = ByTheWall(breaker->next_try(), clock);
  }
  return report;
}

}  // namespace libretto
