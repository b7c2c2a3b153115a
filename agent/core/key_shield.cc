#include "agent/core/key_shield.h"

namespace libretto {
namespace {

constexpr std::chrono::seconds kOpenFor{1};

}  // namespace

std::optional<TimePoint> KeyShield::NextDeadline() const {
  const std::optional<TimePoint> since = page_.unshielded_since();
  // From the first use, not from the last: calls in a row do not move it.
  if (!since.has_value()) return std::nullopt;
  return *since + kOpenFor;
}

void KeyShield::Tick() {
  const std::optional<TimePoint> deadline = NextDeadline();
  if (deadline.has_value() && clock_.Now() >= *deadline) page_.Shield();
}

}  // namespace libretto
