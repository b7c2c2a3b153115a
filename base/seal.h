// Authenticated encryption of one value at rest in memory or in a database:
// XChaCha20-Poly1305 with a random nonce. What a value is bound to (its
// profile and name, its tenant and id) is associated data: a sealed value that
// is moved elsewhere does not open.
//
// Sealed form: 1 byte version (1) | 24 bytes nonce | ciphertext | 16 bytes tag.
// Any thread, but a DataKey may not be used by two at once.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

// 32 random bytes in guarded pages that are kept out of swap and cores where
// the kernel allows it. Move-only.
class DataKey {
 public:
  static constexpr std::size_t kBytes = 32;

  static DataKey Generate();

  // Fails with Invalid() unless `bytes` is exactly kBytes long.
  static StatusOr<DataKey> FromBytes(const SecretBytes& bytes);

  DataKey(DataKey&& other) noexcept;
  DataKey& operator=(DataKey&& other) noexcept;
  DataKey(const DataKey&) = delete;
  DataKey& operator=(const DataKey&) = delete;
  ~DataKey();

  const unsigned char* Reveal() const { return bytes_; }

  // For sealing it under another key.
  SecretBytes Copy() const;

 private:
  DataKey();

  unsigned char* bytes_;
};

// Joins parts so that no two different lists give the same text.
std::string BindingOf(std::initializer_list<std::string_view> parts);

std::vector<std::byte> Seal(const SecretBytes& plain, const DataKey& key,
                            std::string_view bound_to);

// Corrupt() when the bytes, the key or the binding are not those of Seal().
StatusOr<SecretBytes> Open(std::span<const std::byte> sealed,
                           const DataKey& key, std::string_view bound_to);

// `size` bytes from the kernel's generator.
SecretBytes RandomBytes(std::size_t size);

// `length` characters of [A-Za-z0-9], each drawn uniformly.
std::string RandomAlphanumeric(std::size_t length);

}  // namespace libretto
