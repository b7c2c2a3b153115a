// What a fuzzer is handed, as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Called by libFuzzer, and by replay_main.cc with every file of a corpus.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace libretto::testing {

inline std::string_view Text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace libretto::testing
