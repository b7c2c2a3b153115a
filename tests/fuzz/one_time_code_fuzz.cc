// Whatever a credential holds, its code is six to eight digits or a refusal
// that does not quote it.
#include <algorithm>

#include "agent/core/one_time_code.h"
#include "base/check.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto code = libretto::OneTimeCode(
      libretto::SecretBytes::CopyOf(libretto::testing::Text(data, size)),
      libretto::WallTime(std::chrono::seconds(59)));
  if (!code.ok()) {
    LIBRETTO_CHECK(code.status().code() ==
                   libretto::StatusCode::kInvalidArgument);
    return 0;
  }
  const std::string_view text = code->Reveal();
  LIBRETTO_CHECK(text.size() >= 6 && text.size() <= 8);
  LIBRETTO_CHECK(std::all_of(text.begin(), text.end(),
                             [](char c) { return c >= '0' && c <= '9'; }));
  return 0;
}
