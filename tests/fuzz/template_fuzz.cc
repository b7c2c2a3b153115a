// A template that is understood loses its references and nothing else.
#include <vector>

#include "base/check.h"
#include "client/delivery/template.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using libretto::SecretBytes;
  const auto parsed = libretto::Template::Parse(
      SecretBytes::CopyOf(libretto::testing::Text(data, size)));
  if (!parsed.ok()) return 0;
  const std::size_t count = parsed->targets().size();
  const SecretBytes empty = parsed->Fill(std::vector<SecretBytes>(count));
  LIBRETTO_CHECK(count == 0 ? empty.size() == size : empty.size() < size);
  return 0;
}
