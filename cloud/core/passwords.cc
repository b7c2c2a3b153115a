#include "cloud/core/passwords.h"

#include <array>
#include <new>

#include <sodium.h>

#include "base/seal.h"

namespace libretto::cloud {
namespace {

// libsodium wants an address even for no bytes.
const char* AddressOf(const SecretBytes& password) {
  return password.empty() ? "" : password.Reveal().data();
}

}  // namespace

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
