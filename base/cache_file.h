// The cache file (docs/sealed-format.md): what the cloud last said to a
// session, sealed under that session's data key. The values in it are those of
// the cache, sealed one by one already. Bytes in, bytes out: who reads and
// writes the disk is elsewhere. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/seal.h"
#include "base/secret.h"

namespace libretto {

// Whose cache it is; bound into the seal.
struct CacheOwner {
  std::string_view profile;
  std::string_view api_url;
  std::string_view user_id;
};

struct CacheFileFacts {
  WallTime written;
  // Of the cloud's last list, when the file was written; nothing: there is
  // none.
  std::optional<std::chrono::milliseconds> list_age;
  std::uint64_t generation = 0;  // no smaller than any that was handed out
};

// Views of what the cache or the file holds.
struct CacheFileEntry {
  std::string_view name = {};
  std::string_view id = {};
  std::string_view created_at = {};
  std::string_view updated_at = {};
  std::span<const std::byte> value = {};  // sealed; empty: none is held
  std::uint64_t generation = 0;           // of the value
  // Since the cloud last confirmed the value, when the file was written.
  std::chrono::milliseconds age{0};
  bool listed = false;   // the cloud's last list has it
  bool current = false;  // nothing contradicts the value
};

class CacheFileWriter {
 public:
  explicit CacheFileWriter(const CacheFileFacts& facts,
                           std::size_t expected_bytes = 0);

  void Add(const CacheFileEntry& entry);

  // What is sealed.
  SecretBytes Plain() &&;
  std::string Seal(const DataKey& key, const CacheOwner& owner) &&;

 private:
  std::string plain_;
  std::uint32_t entries_ = 0;
};

// One that has been opened, and checked from end to end. Holds one buffer of
// the file's size; a count or a length in it makes it allocate nothing.
class CacheFile {
 public:
  // Corrupt() when it is anything else than what Seal() made with the same key
  // for the same owner.
  static StatusOr<CacheFile> Open(std::string_view file, const DataKey& key,
                                  const CacheOwner& owner);
  static StatusOr<CacheFile> Parse(SecretBytes plain);

  const CacheFileFacts& facts() const { return facts_; }
  void ForEach(absl::FunctionRef<void(const CacheFileEntry&)> visit) const;

 private:
  CacheFile(SecretBytes plain, const CacheFileFacts& facts)
      : plain_(std::move(plain)), facts_(facts) {}

  SecretBytes plain_;
  CacheFileFacts facts_;
};

}  // namespace libretto
