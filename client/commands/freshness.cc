#include "client/commands/freshness.h"

#include <charconv>
#include <cstdint>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/output.h"
#include "client/commands/text.h"

namespace libretto {

std::optional<std::chrono::seconds> ParseAge(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t{366} * 86'400;
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0 || number > kMost) return std::nullopt;
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  std::int64_t seconds = 0;
  if (unit.empty() || unit == "s") {
    seconds = number;
  } else if (unit == "m") {
    seconds = number * 60;
  } else if (unit == "h") {
    seconds = number * 3600;
  } else if (unit == "d") {
    seconds = number * 86'400;
  } else {
    return std::nullopt;
  }
  if (seconds > kMost) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::string_view SourceWord(Credential::Source source) {
  switch (source) {
    case Credential::Source::kMemory:
      return "memory";
    case Credential::Source::kStale:
      return "stale";
    case Credential::Source::kCloud:
      break;
  }
  return "cloud";
}

void FreshnessOptions::Define(CLI::App& app) {
  app.add_option("--max-age", max_age_,
                 "Accept no value that the cloud confirmed longer ago than "
                 "this: 30s, 5m, 2h, 1d");
  app.add_flag("--fresh", wanted_.ask_first,
               "Ask the cloud before the agent's memory");
}

Status FreshnessOptions::Check() {
  if (!max_age_.has_value()) return OkStatus();
  const auto age = ParseAge(*max_age_);
  if (!age.has_value()) {
    return Invalid(
        "--max-age takes a number of seconds, or one with a unit as in 30s, "
        "5m, 2h, 1d; a year at most");
  }
  wanted_.max_age = *age;
  return OkStatus();
}

void StaleValues::See(const Credential& credential) {
  if (credential.source != Credential::Source::kStale) return;
  ++count_;
  if (count_ > 1 && credential.age <= age_) return;
  oldest_ = credential.name;
  age_ = credential.age;
}

void StaleValues::Report() const {
  if (count_ == 0) return;
  const std::string ago = "confirmed " + Duration(age_.count() / 1000) + " ago";
  const std::string name = Printable(oldest_);
  Note(count_ == 1
           ? "librettoctl: stale: the cloud cannot be asked; " + name +
                 " was " + ago
           : "librettoctl: stale: the cloud cannot be asked; the oldest of " +
                 std::to_string(count_) + " values, " + name + ", was " + ago);
}

}  // namespace libretto
