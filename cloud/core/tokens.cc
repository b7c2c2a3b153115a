#include "cloud/core/tokens.h"

#include <array>
#include <cstdint>
#include <utility>

#include <sodium.h>

#include "base/check.h"
#include "base/seal.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kIdLength = 32;
constexpr std::size_t kTokenLength = 43;

static_assert(Signer::kKeyBytes == crypto_auth_hmacsha256_KEYBYTES);

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Encode(std::string_view bytes, int variant) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), Bytes(bytes), bytes.size(),
                    variant);
  text.pop_back();  // the terminating zero
  return text;
}

}  // namespace

std::string NewId() { return RandomAlphanumeric(kIdLength); }

SecretBytes NewToken() {
  return SecretBytes::Take(RandomAlphanumeric(kTokenLength));
}

std::string NewUuid() {
  std::array<unsigned char, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::array<char, 2 * 16 + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  const std::string_view all(hex.data(), 32);
  std::string uuid;
  for (const auto& [from, length] :
       {std::pair{0, 8}, {8, 4}, {12, 4}, {16, 4}, {20, 12}}) {
    if (!uuid.empty()) uuid += '-';
    uuid += all.substr(static_cast<std::size_t>(from),
                       static_cast<std::size_t>(length));
  }
  return uuid;
}

SecretBytes RandomLetters(std::size_t length) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  SecretBytes text(length);
  for (std::size_t i = 0; i < length; ++i) {
    text.RevealMutable()[i] = kLetters[randombytes_uniform(
        static_cast<std::uint32_t>(kLetters.size()))];
  }
  return text;
}

std::string HashOf(const SecretBytes& token) {
  std::array<char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                     Bytes(token.Reveal()), token.size());
  return Base64Url({hash.data(), hash.size()});
}

std::string Base64(std::string_view bytes) {
  return Encode(bytes, sodium_base64_VARIANT_ORIGINAL);
}

std::string Base64Url(std::string_view bytes) {
  return Encode(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

Signer::Signer(SecretBytes key) : key_(std::move(key)) {
  LIBRETTO_CHECK(key_.size() == kKeyBytes);
}

std::string Signer::Sign(std::string_view text) const {
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(mac.data()),
                         Bytes(text), text.size(), Bytes(key_.Reveal()));
  return mac;
}

bool SameBytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace libretto::cloud
