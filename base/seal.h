// Authenticated encryption of one value at rest in memory or in a database:
// XChaCha20-Poly1305 with a random nonce. What a value is bound to (its
// profile and name, its tenant and id) is associated data: a sealed value that
// is moved elsewhere does not open.
//
// Sealed form: 1 byte version (1) | 24 bytes nonce | ciphertext | 16 bytes tag.
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/key_page.h"
#include "base/secret.h"

namespace libretto {

// 32 bytes that open what they seal. Shielded: readable for the time of one
// operation, in the KeyPage. Move-only.
class DataKey {
 public:
  static constexpr std::size_t kBytes = ShieldedKey::kBytes;

  static DataKey Generate();

  // Fails with Invalid() unless `bytes` is exactly kBytes long.
  static StatusOr<DataKey> FromBytes(const SecretBytes& bytes);

  DataKey(DataKey&& other) noexcept;
  DataKey& operator=(DataKey&& other) noexcept;
  DataKey(const DataKey&) = delete;
  DataKey& operator=(const DataKey&) = delete;
  ~DataKey();

  const ShieldedKey& shielded() const { return key_; }

  // For sealing it under another key.
  SecretBytes Copy() const;

 private:
  explicit DataKey(const ShieldedKey& key) : key_(key) {}

  ShieldedKey key_;
};

// Joins parts so that no two different lists give the same text.
std::string BindingOf(std::initializer_list<std::string_view> parts);

std::vector<std::byte> Seal(const SecretBytes& plain, const DataKey& key,
                            std::string_view bound_to);

// Corrupt() when the bytes, the key or the binding are not those of Seal().
StatusOr<SecretBytes> Open(std::span<const std::byte> sealed,
                           const DataKey& key, std::string_view bound_to);

// The key number `id` of those that come from `key`, for one purpose each.
// REQUIRES: `context` is eight characters long.
SecretBytes DeriveKey(const DataKey& key, std::uint64_t id,
                      std::string_view context);

// `size` bytes from the kernel's generator.
SecretBytes RandomBytes(std::size_t size);

// `length` characters of [A-Za-z0-9], each drawn uniformly.
std::string RandomAlphanumeric(std::size_t length);

}  // namespace libretto
