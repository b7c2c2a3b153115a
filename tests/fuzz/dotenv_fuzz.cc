// A key is one, and there once; neither it nor its value reaches over a line.
#include <set>

#include "base/check.h"
#include "client/delivery/dotenv.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::set<std::string> keys;
  for (const auto& entry :
       libretto::ParseDotenv(libretto::testing::Text(data, size))) {
    LIBRETTO_CHECK(!entry.key.empty() && keys.insert(entry.key).second);
    LIBRETTO_CHECK(entry.key.find_first_of("=\n") == std::string::npos);
    LIBRETTO_CHECK(entry.value.Reveal().find('\n') == std::string::npos);
  }
  return 0;
}
