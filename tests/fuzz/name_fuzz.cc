// A name that parses follows the rule, parses again to itself, and is safe to
// print.
#include "base/check.h"
#include "base/credential_name.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using libretto::CredentialName;
  const auto name = CredentialName::Parse(libretto::testing::Text(data, size));
  if (!name.ok()) return 0;
  LIBRETTO_CHECK(name->FollowsRule());
  LIBRETTO_CHECK(*CredentialName::Parse(name->text()) == *name);
  LIBRETTO_CHECK(libretto::Printable(name->text()) == name->text());
  return 0;
}
