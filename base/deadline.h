// Deadline: the moment at which a wait gives up. Any thread.
#pragma once

#include <chrono>

namespace libretto {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline In(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

// What is left of it in whole milliseconds, rounded up; zero when it is past.
inline std::chrono::milliseconds Remaining(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return left.count() > 0 ? left : std::chrono::milliseconds(0);
}

}  // namespace libretto
