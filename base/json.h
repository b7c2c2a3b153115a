// JSON from foreign hands, bounded while it is being read, before any tree
// exists: a deep enough tree would end the process when it is destroyed.
// A library of its own (libretto::json), so that who needs no JSON links none.
// Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/errors.h"

namespace libretto {

using Json = nlohmann::json;

struct JsonLimits {
  std::size_t max_bytes = std::size_t{1} << 20;
  std::size_t max_depth = 32;
  std::size_t max_nodes = 10'000;
};

// Invalid() for anything but one well-formed UTF-8 document within the limits
// and without duplicate keys. The message never quotes the text.
StatusOr<Json> ParseJson(std::string_view text, const JsonLimits& limits = {});

// The member as a string, or nothing when `object` is no object, or the member
// is missing or something else.
std::optional<std::string> StringAt(const Json& object, const char* key);
std::optional<bool> BoolAt(const Json& object, const char* key);

}  // namespace libretto
