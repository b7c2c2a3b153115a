// KeyPage: the one piece of memory that keys are readable in. Guarded on both
// sides, never in swap, in a core or in a child; memfd_secret(2), which even
// root cannot read through /proc, where the kernel has it, else mlock(2).
//
// Keys are shielded while unused, as OpenSSH shields keys: at rest they are
// encrypted under a hash of 16 KiB of random bytes, so who reads memory with
// errors, or a part of it, has nothing. Hashing that much for each operation
// would be felt, so the hash is kept for a moment: Shield() forgets it.
//
// Any thread: one key is open at a time, and the others wait.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/errors.h"

namespace libretto {

// A key at rest: worth nothing without the page. Copies are as good as it.
struct ShieldedKey {
  static constexpr std::size_t kBytes = 32;
  static constexpr std::size_t kNonceBytes = 24;

  std::array<unsigned char, kBytes> bytes;
  std::array<unsigned char, kNonceBytes> nonce;
};

class KeyPage {
 public:
  enum class Memory {
    kSecret,  // memfd_secret: unreadable to root, too; no hibernation meanwhile
    kLocked,  // mlock
  };

  // A key, readable until this is destroyed. Nothing else of the page may be
  // asked for by the thread that has one.
  class OpenKey;

  // The process's page, made by the first call. kSecret falls back to kLocked
  // where the kernel has none. Denied() when nothing can be locked.
  static StatusOr<KeyPage*> Prepare(Memory wish = Memory::kSecret);

  // The same for those who cannot fail; throws std::bad_alloc.
  static KeyPage& Get();

  KeyPage(const KeyPage&) = delete;
  KeyPage& operator=(const KeyPage&) = delete;
  ~KeyPage() = delete;  // keys may be in use until the process ends

  Memory memory() const { return memory_; }

  // Calls `fill` with ShieldedKey::kBytes to be filled, in the page.
  template <typename Fill>
  ShieldedKey Make(Fill fill) {
    const std::lock_guard<std::mutex> lock(mutex_);
    fill(Clear());
    return ShieldClear();
  }

  // Since when keys can be opened without the hash; nothing while shielded.
  std::optional<TimePoint> unshielded_since() const;

  void Shield();

 private:
  struct Layout;

  KeyPage(Layout* layout, Memory memory) : layout_(layout), memory_(memory) {}

  static StatusOr<KeyPage*> Map(Memory wish);

  // REQUIRES of all of these: mutex_ is held.
  unsigned char* Clear();
  ShieldedKey ShieldClear();
  const unsigned char* Unshield(const ShieldedKey& key);
  void WipeClear();
  void Unlock();  // makes the hash, unless it is there

  Layout* const layout_;
  const Memory memory_;
  mutable std::mutex mutex_;
  std::optional<TimePoint> unshielded_since_;
};

class KeyPage::OpenKey {
 public:
  OpenKey(KeyPage& page, const ShieldedKey& key)
      : page_(page), lock_(page.mutex_), bytes_(page.Unshield(key)) {}
  ~OpenKey() { page_.WipeClear(); }
  OpenKey(const OpenKey&) = delete;
  OpenKey& operator=(const OpenKey&) = delete;

  const unsigned char* Reveal() const { return bytes_; }

 private:
  KeyPage& page_;
  std::lock_guard<std::mutex> lock_;
  const unsigned char* const bytes_;
};

}  // namespace libretto
