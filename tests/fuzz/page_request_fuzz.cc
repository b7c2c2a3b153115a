// More bytes never make an answer of another one, except while it is incomplete
// or grows too long.
#include "agent/net/page_server.h"
#include "base/check.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using libretto::PageRequest;
  using libretto::ParsePageRequest;
  const std::string_view text = libretto::testing::Text(data, size);
  const PageRequest whole = ParsePageRequest(text);
  const PageRequest half = ParsePageRequest(text.substr(0, size / 2));
  const bool too_long = size > libretto::PageServer::kMaxRequestBytes;
  LIBRETTO_CHECK(half == PageRequest::kIncomplete || half == whole || too_long);
  return 0;
}
