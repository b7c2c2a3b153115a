#include "cloud/core/passwords.h"

#include <array>
#include <new>

#include <sodium.h>

#include "base/seal.h"
#include "cloud/core/refusal.h"
#include "cloud/core/text.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kMinLength = 8;
constexpr std::size_t kMaxLength = 128;

// libsodium wants an address even for no bytes.
const char* AddressOf(const SecretBytes& password) {
  return password.empty() ? "" : password.Reveal().data();
}

}  // namespace

Status CheckNewPassword(const SecretBytes& password) {
  const std::size_t length = Utf16Length(password.Reveal());
  if (length < kMinLength) return Refuse(Refusal::kPasswordTooShort);
  if (length > kMaxLength) return Refuse(Refusal::kPasswordTooLong);
  return OkStatus();
}

Passwords::Passwords(PasswordCost cost)
    : cost_(cost), nobodys_hash_(Hash(RandomBytes(32))) {}

std::string Passwords::Hash(const SecretBytes& password) const {
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str_alg(hash.data(), AddressOf(password), password.size(),
                            cost_.passes, cost_.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::bad_alloc();
  }
  return hash.data();
}

bool Passwords::Matches(const SecretBytes& password,
                        const std::string& hash) const {
  return crypto_pwhash_str_verify(hash.c_str(), AddressOf(password),
                                  password.size()) == 0;
}

void Passwords::PretendToMatch(const SecretBytes& password) const {
  // The hash is of random bytes: the result is always no.
  (void)Matches(password, nobodys_hash_);
}

}  // namespace libretto::cloud
