// Parts of an HTTP header that the agent reads by itself. Any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace libretto {

// The value of header `name` in `line`, or nothing.
std::optional<std::string_view> HeaderValue(std::string_view line,
                                            std::string_view name);

// What a Retry-After header asks for: seconds, with or without a fraction, or a
// date (RFC 9110, 10.2.3). From nothing to an hour.
std::chrono::seconds WaitIn(std::string_view value);

}  // namespace libretto
