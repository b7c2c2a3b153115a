// A passphrase file is accepted only in the one form that there is, and no
// session file opens but what SealSession() made.
#include "base/check.h"
#include "base/sealed_file.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto key = libretto::FileKey::Generate();
  const auto text = libretto::testing::Text(data, size);
  LIBRETTO_CHECK(!libretto::OpenSession(text, key, "default").ok());
  if (libretto::CheckPassphraseFile(text).ok()) {
    LIBRETTO_CHECK(size == 107);
    LIBRETTO_CHECK(text.starts_with(std::string_view("LBRSEALP\1\1", 10)));
  }
  return 0;
}
