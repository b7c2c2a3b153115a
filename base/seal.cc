#include "base/seal.h"

#include <cstdint>
#include <cstring>
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
static_assert(DataKey::kBytes == crypto_kdf_KEYBYTES);

void EnsureSodium() { LIBRETTO_CHECK(sodium_init() >= 0); }

const unsigned char* AsUnsigned(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

DataKey DataKey::Generate() {
  return DataKey(KeyPage::Get().Make(
      [](unsigned char* bytes) { randombytes_buf(bytes, kBytes); }));
}

StatusOr<DataKey> DataKey::FromBytes(const SecretBytes& bytes) {
  if (bytes.size() != kBytes) return Invalid("a key is 32 bytes long");
  return DataKey(KeyPage::Get().Make([&bytes](unsigned char* to) {
    std::memcpy(to, bytes.Reveal().data(), kBytes);
  }));
}

SecretBytes DataKey::Copy() const {
  const KeyPage::OpenKey open(KeyPage::Get(), key_);
  return SecretBytes::CopyOf(
      {reinterpret_cast<const char*>(open.Reveal()), kBytes});
}

DataKey::DataKey(DataKey&& other) noexcept : key_(other.key_) {
  sodium_memzero(&other.key_, sizeof(other.key_));
}

DataKey& DataKey::operator=(DataKey&& other) noexcept {
  if (this != &other) {
    key_ = other.key_;
    sodium_memzero(&other.key_, sizeof(other.key_));
  }
  return *this;
}

// The shielded bytes would open again: what drops a key drops it for good.
DataKey::~DataKey() { sodium_memzero(&key_, sizeof(key_)); }

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
  const KeyPage::OpenKey open(KeyPage::Get(), key.shielded());
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      nonce + kNonceBytes, nullptr, AsUnsigned(plain.Reveal()), plain.size(),
      AsUnsigned(bound_to), bound_to.size(), nullptr, nonce, open.Reveal());
  WipeStack();
  return sealed;
}

StatusOr<SecretBytes> Open(std::span<const std::byte> sealed,
                           const DataKey& key, std::string_view bound_to) {
  if (sealed.size() < kOverhead || sealed[0] != kVersion) {
    return Corrupt("sealed data has an unknown form");
  }
  const auto* nonce = reinterpret_cast<const unsigned char*>(sealed.data()) + 1;
  SecretBytes plain(sealed.size() - kOverhead);
  const KeyPage::OpenKey open(KeyPage::Get(), key.shielded());
  const int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(plain.RevealMutable()), nullptr, nullptr,
      nonce + kNonceBytes, sealed.size() - 1 - kNonceBytes,
      AsUnsigned(bound_to), bound_to.size(), nonce, open.Reveal());
  WipeStack();
  if (result != 0) return Corrupt("sealed data does not open");
  return plain;
}

SecretBytes DeriveKey(const DataKey& key, std::uint64_t id,
                      std::string_view context) {
  LIBRETTO_CHECK(context.size() == crypto_kdf_CONTEXTBYTES);
  SecretBytes derived(DataKey::kBytes);
  const KeyPage::OpenKey open(KeyPage::Get(), key.shielded());
  const int result = crypto_kdf_derive_from_key(
      reinterpret_cast<unsigned char*>(derived.RevealMutable()), derived.size(),
      id, context.data(), open.Reveal());
  LIBRETTO_CHECK(result == 0);
  WipeStack();
  return derived;
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
