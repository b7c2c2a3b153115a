// SecretBytes: the one type that may hold plaintext. Move-only; its bytes are
// wiped on move, on assignment and on destruction, and they leave it through
// Reveal() alone, so every place that reads a secret can be grepped for.
//
// Not thread-safe; hand it from thread to thread by moving.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace libretto {

class SecretBytes {
 public:
  SecretBytes() noexcept = default;

  // `size` zero bytes, to be filled through RevealMutable(). Throws
  // std::bad_alloc.
  explicit SecretBytes(std::size_t size);

  static SecretBytes CopyOf(std::string_view bytes);

  // Copies `text` and wipes the original, whatever its capacity holds.
  static SecretBytes Take(std::string&& text);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  SecretBytes Clone() const;

  // The bytes themselves. The view dies with this object.
  std::string_view Reveal() const { return {data_, size_}; }
  char* RevealMutable() { return data_; }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // In constant time for equal sizes.
  bool Equals(const SecretBytes& other) const;

  void Wipe() noexcept;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites what calls that have returned left on this thread's stack. For
// after a foreign library has had plaintext in its frames: nlohmann-json writes
// through half a kilobyte there, libsodium decrypts there.
void WipeStack() noexcept;

// Overwrites all that `text` holds, spare capacity included, and empties it.
void WipeString(std::string& text) noexcept;

}  // namespace libretto
