// The same bytes as text and as octets, for libraries that speak of the latter.
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace libretto {

inline std::string_view AsText(const std::uint8_t* octets, std::size_t size) {
  return {reinterpret_cast<const char*>(octets), size};
}

// For parameters that are not const, but are read alone.
inline std::uint8_t* AsOctets(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace libretto
