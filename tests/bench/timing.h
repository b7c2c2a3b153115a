// What the benchmark programs share: a clock, the percentiles of a series, and
// a number from the command line. One thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace libretto::bench {

using Clock = std::chrono::steady_clock;

inline double MicrosSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin)
      .count();
}

// The smallest of `sorted` that `share` of them do not exceed.
inline double Percentile(const std::vector<double>& sorted, double share) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(share * last)];
}

// One line of JSON.
inline void PrintLatencies(std::vector<double> micros) {
  std::sort(micros.begin(), micros.end());
  std::printf("{\"p50_us\": %.3f, \"p99_us\": %.3f, \"calls\": %zu}\n",
              Percentile(micros, 0.5), Percentile(micros, 0.99), micros.size());
}

inline int NumberOrExit(std::string_view text) {
  int number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) {
    std::fprintf(stderr, "a number from 1 is missing\n");
    std::exit(64);
  }
  return number;
}

}  // namespace libretto::bench
