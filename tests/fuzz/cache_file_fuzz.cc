// What a cache file's reader takes for one, its writer writes just so; and no
// file opens that it has not sealed.
#include "base/cache_file.h"
#include "base/check.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto key = libretto::DataKey::Generate();
  const auto text = libretto::testing::Text(data, size);
  LIBRETTO_CHECK(!libretto::CacheFile::Open(text, key, {}).ok());
  const auto file =
      libretto::CacheFile::Parse(libretto::SecretBytes::CopyOf(text));
  if (!file.ok()) return 0;
  libretto::CacheFileWriter writer(file->facts());
  file->ForEach(
      [&writer](const libretto::CacheFileEntry& entry) { writer.Add(entry); });
  LIBRETTO_CHECK(std::move(writer).Plain().Reveal() == text);
  return 0;
}
