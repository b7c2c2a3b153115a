// What is read as a list is JSON, and every credential has an id and a name.
#include "agent/remote/credential_list.h"
#include "base/check.h"
#include "base/json.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = libretto::testing::Text(data, size);
  const auto list = libretto::ParseCredentialList(text);
  if (!list.ok()) return 0;
  LIBRETTO_CHECK(libretto::Json::accept(text));
  for (const auto& credential : *list) {
    LIBRETTO_CHECK(!credential.id.empty() && !credential.name.empty());
  }
  return 0;
}
