// Whatever a reference holds: what is printed of it has no control byte, keeps
// the limit, and does not change when it is printed again.
#include <algorithm>

#include "base/check.h"
#include "base/credential_name.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto name =
      libretto::NameOfReference(libretto::testing::Text(data, size));
  const std::string shown = libretto::Printable(name, 64);
  LIBRETTO_CHECK(shown.size() <= 64 + 3);
  LIBRETTO_CHECK(std::none_of(shown.begin(), shown.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f;
  }));
  LIBRETTO_CHECK(libretto::Printable(shown) == shown);
  return 0;
}
