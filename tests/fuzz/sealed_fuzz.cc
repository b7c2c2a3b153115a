// Nothing but what Seal() made opens.
#include "base/check.h"
#include "base/seal.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto key = libretto::DataKey::Generate();
  const auto bytes = std::as_bytes(std::span(data, size));
  LIBRETTO_CHECK(!libretto::Open(bytes, key, "name").ok());
  const auto plain =
      libretto::SecretBytes::CopyOf(libretto::testing::Text(data, size));
  const auto opened = libretto::Open(Seal(plain, key, "name"), key, "name");
  LIBRETTO_CHECK(opened.ok() && opened->Equals(plain));
  return 0;
}
