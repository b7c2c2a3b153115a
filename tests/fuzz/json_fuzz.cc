// A document that is accepted can be written and is accepted again.
#include "base/check.h"
#include "base/json.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  libretto::JsonLimits limits;
  const auto json =
      libretto::ParseJson(libretto::testing::Text(data, size), limits);
  if (!json.ok()) return 0;
  limits.max_bytes *= 8;
  const auto again = libretto::ParseJson(json->dump(), limits);
  LIBRETTO_CHECK(again.ok());
  LIBRETTO_CHECK(*again == *json);
  return 0;
}
