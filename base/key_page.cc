#include "base/key_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <sodium.h>

#include "base/check.h"
#include "base/secret.h"
#include "base/unique_fd.h"

namespace libretto {

// What lies in the page. The random bytes are as many as OpenSSH takes.
struct KeyPage::Layout {
  static constexpr std::size_t kPrekeyBytes = std::size_t{16} << 10;

  std::array<unsigned char, kPrekeyBytes> prekey;
  crypto_generichash_state hashing;
  std::array<unsigned char, ShieldedKey::kBytes> hash;
  std::array<unsigned char, ShieldedKey::kBytes> clear;
};

namespace {

static_assert(ShieldedKey::kBytes == crypto_stream_xchacha20_KEYBYTES);
static_assert(ShieldedKey::kNonceBytes == crypto_stream_xchacha20_NONCEBYTES);

std::size_t RoundedUp(std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

// `size` bytes between two pages that nobody may touch; nullptr when there is
// no memory.
std::byte* Reserve(std::size_t size) {
  const std::size_t guard = RoundedUp(1);
  void* const all = mmap(nullptr, size + 2 * guard, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return all == MAP_FAILED ? nullptr : static_cast<std::byte*>(all) + guard;
}

// Debian's own kernel has it switched off, older ones have it not.
bool PutSecretMemory(std::byte* at, std::size_t size) {
#ifdef SYS_memfd_secret
  const UniqueFd fd(static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC)));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return false;
  }
  return mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
              fd.get(), 0) != MAP_FAILED;
#else
  (void)at;
  (void)size;
  return false;
#endif
}

bool PutLockedMemory(std::byte* at, std::size_t size) {
  return mprotect(at, size, PROT_READ | PROT_WRITE) == 0 &&
         mlock(at, size) == 0 && madvise(at, size, MADV_DONTDUMP) == 0;
}

// What the kernel says that this process has locked: there have been locks
// that were lost without a word.
[[maybe_unused]] std::size_t LockedBytes() {
  unsigned long kib = 0;
  if (std::FILE* const file = std::fopen("/proc/self/status", "re")) {
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), file) != nullptr) {
      if (std::sscanf(line.data(), "VmLck: %lu kB", &kib) == 1) break;
    }
    std::fclose(file);
  }
  return std::size_t{kib} << 10;
}

Status CannotLock(std::size_t size) {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::string needed = std::to_string(size >> 10);
  return WithRemedy(Denied("keys cannot be kept out of swap: this process may "
                           "lock " +
                           std::to_string(limit.rlim_cur >> 10) +
                           " KiB of memory and needs " + needed),
                    "ulimit -l " + needed);
}

}  // namespace

StatusOr<KeyPage*> KeyPage::Map(Memory wish) {
  LIBRETTO_CHECK(sodium_init() >= 0);
  const std::size_t size = RoundedUp(sizeof(Layout));
  [[maybe_unused]] const std::size_t locked_before = LockedBytes();
  std::byte* const at = Reserve(size);
  if (at == nullptr) return FromErrno(errno, "cannot reserve memory for keys");
  Memory memory = wish;
  if (wish == Memory::kSecret && !PutSecretMemory(at, size)) {
    memory = Memory::kLocked;
  }
  if (memory == Memory::kLocked && !PutLockedMemory(at, size)) {
    return CannotLock(size);
  }
#ifndef LIBRETTO_SANITIZED  // sanitizers make mlock() do nothing
  if (LockedBytes() < locked_before + size) return CannotLock(size);
#endif
  // A child would not need keys; it would be one process more to watch.
  if (madvise(at, size, MADV_DONTFORK) != 0) {
    return FromErrno(errno, "cannot keep keys out of child processes");
  }
  auto* const layout = new (at) Layout;
  randombytes_buf(layout->prekey.data(), layout->prekey.size());
  return new KeyPage(layout, memory);
}

StatusOr<KeyPage*> KeyPage::Prepare(Memory wish) {
  // Never unmapped: keys may be in use until the process ends.
  static const StatusOr<KeyPage*> page = Map(wish);
  return page;
}

KeyPage& KeyPage::Get() {
  const StatusOr<KeyPage*> page = Prepare();
  if (!page.ok()) throw std::bad_alloc();
  return **page;
}

std::optional<TimePoint> KeyPage::unshielded_since() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return unshielded_since_;
}

void KeyPage::Shield() {
  const std::lock_guard<std::mutex> lock(mutex_);
  sodium_memzero(layout_->hash.data(), layout_->hash.size());
  unshielded_since_.reset();
}

unsigned char* KeyPage::Clear() { return layout_->clear.data(); }

void KeyPage::WipeClear() {
  sodium_memzero(layout_->clear.data(), layout_->clear.size());
}

void KeyPage::Unlock() {
  if (unshielded_since_.has_value()) return;
  // The state, from which the hash could be had, lies in the page as well.
  crypto_generichash_init(&layout_->hashing, nullptr, 0, layout_->hash.size());
  crypto_generichash_update(&layout_->hashing, layout_->prekey.data(),
                            layout_->prekey.size());
  crypto_generichash_final(&layout_->hashing, layout_->hash.data(),
                           layout_->hash.size());
  sodium_memzero(&layout_->hashing, sizeof(layout_->hashing));
  WipeStack();
  unshielded_since_ = SystemClock().Now();
}

ShieldedKey KeyPage::ShieldClear() {
  Unlock();
  ShieldedKey key;
  randombytes_buf(key.nonce.data(), key.nonce.size());
  crypto_stream_xchacha20_xor(key.bytes.data(), Clear(), key.bytes.size(),
                              key.nonce.data(), layout_->hash.data());
  WipeClear();
  WipeStack();
  return key;
}

const unsigned char* KeyPage::Unshield(const ShieldedKey& key) {
  Unlock();
  crypto_stream_xchacha20_xor(Clear(), key.bytes.data(), key.bytes.size(),
                              key.nonce.data(), layout_->hash.data());
  return Clear();
}

}  // namespace libretto
