#include "base/seal.h"

#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include <sodium.h>

#include "base/check.h"

namespace libretto {
namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kNonceBytes =
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kOverhead = 1 + kNonceBytes + kTagBytes;

static_assert(DataKey::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

// sodium_malloc() aborts before this.
void EnsureSodium() { LIBRETTO_CHECK(sodium_init() >= 0); }

const unsigned char* AsUnsigned(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

DataKey::DataKey() {
  EnsureSodium();
  bytes_ = static_cast<unsigned char*>(sodium_malloc(kBytes));
  if (bytes_ == nullptr) throw std::bad_alloc();
}

DataKey DataKey::Generate() {
  DataKey key;
  randombytes_buf(key.bytes_, kBytes);
  return key;
}

StatusOr<DataKey> DataKey::FromBytes(const SecretBytes& bytes) {
  if (bytes.size() != kBytes) return Invalid("a key is 32 bytes long");
  DataKey key;
  std::memcpy(key.bytes_, bytes.Reveal().data(), kBytes);
  return key;
}

SecretBytes DataKey::Copy() const {
  return SecretBytes::CopyOf({reinterpret_cast<const char*>(bytes_), kBytes});
}

DataKey::DataKey(DataKey&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)) {}

DataKey& DataKey::operator=(DataKey&& other) noexcept {
  if (this != &other) {
    sodium_free(bytes_);
    bytes_ = std::exchange(other.bytes_, nullptr);
  }
  return *this;
}

DataKey::~DataKey() { sodium_free(bytes_); }

std::string BindingOf(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) {
    joined += std::to_string(part.size());
    joined += ':';
    joined += part;
  }
  return joined;
}

std::vector<std::byte> Seal(const SecretBytes& plain, const DataKey& key,
                            std::string_view bound_to) {
  std::vector<std::byte> sealed(kOverhead + plain.size());
  sealed[0] = kVersion;
  auto* nonce = reinterpret_cast<unsigned char*>(sealed.data()) + 1;
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      nonce + kNonceBytes, nullptr, AsUnsigned(plain.Reveal()), plain.size(),
      AsUnsigned(bound_to), bound_to.size(), nullptr, nonce, key.Reveal());
  return sealed;
}

StatusOr<SecretBytes> Open(std::span<const std::byte> sealed,
                           const DataKey& key, std::string_view bound_to) {
  if (sealed.size() < kOverhead || sealed[0] != kVersion) {
    return Corrupt("sealed data has an unknown form");
  }
  const auto* nonce = reinterpret_cast<const unsigned char*>(sealed.data()) + 1;
  SecretBytes plain(sealed.size() - kOverhead);
  const int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(plain.RevealMutable()), nullptr, nullptr,
      nonce + kNonceBytes, sealed.size() - 1 - kNonceBytes,
      AsUnsigned(bound_to), bound_to.size(), nonce, key.Reveal());
  WipeStack();
  if (result != 0) return Corrupt("sealed data does not open");
  return plain;
}

SecretBytes RandomBytes(std::size_t size) {
  EnsureSodium();
  SecretBytes bytes(size);
  if (size > 0) randombytes_buf(bytes.RevealMutable(), size);
  return bytes;
}

std::string RandomAlphanumeric(std::size_t length) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  EnsureSodium();
  std::string text(length, '\0');
  for (char& c : text) {
    c = kAlphabet[randombytes_uniform(
        static_cast<std::uint32_t>(kAlphabet.size()))];
  }
  return text;
}

}  // namespace libretto
