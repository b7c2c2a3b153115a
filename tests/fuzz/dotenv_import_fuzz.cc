// A file whose credentials can be imported can be left with references, and
// then has none left to import.
#include "base/check.h"
#include "client/delivery/dotenv_import.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using libretto::DotenvImport;
  const auto import = DotenvImport::Parse(
      libretto::SecretBytes::CopyOf(libretto::testing::Text(data, size)), {});
  if (!import.ok()) return 0;
  auto after = import->WithReferences();
  LIBRETTO_CHECK(after.ok());
  const auto again = DotenvImport::Parse(*std::move(after), {});
  LIBRETTO_CHECK(again.ok() && again->found().empty());
  return 0;
}
