// How often things may happen, each counted by itself: so many at once, then
// one more every so often (a generic cell rate algorithm: one time for each
// thing, and no window whose edge lets twice as many through). What is counted
// lies in memory alone: a restart forgets it. Any thread (guarded).
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace libretto::cloud {

struct Rate {
  int at_once;                 // at least 1
  std::chrono::seconds every;  // how soon each of them may be repeated
};

class RateLimiter {
 public:
  // More things than this are not told apart for long: whichever would be free
  // again soonest is forgotten, so that memory has a bound.
  static constexpr std::size_t kMaxThings = 16'384;

  // `clock` outlives this.
  explicit RateLimiter(const Clock& clock) : clock_(clock) {}

  // Counts `thing` and returns zero, or does not and returns how long to wait,
  // in whole seconds.
  std::chrono::seconds Take(std::string_view thing, const Rate& rate);

 private:
  void MakeRoom(TimePoint now);

  const Clock& clock_;
  std::mutex mutex_;
  // When all that was taken has been given back. Guarded by mutex_.
  std::unordered_map<std::string, TimePoint> free_at_;
};

}  // namespace libretto::cloud
