// Random tokens, and the two ways in which the cloud recognises what it gave
// out: by a hash that it stored, or, for cookies, by a signature that only it
// can make.
// Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto::cloud {

// 32 characters of [A-Za-z0-9]: ids and session tokens.
std::string NewId();

// 43 characters of [A-Za-z0-9], so 256 bits: what works by being known.
SecretBytes NewToken();

// A random UUID (version 4): ids of credentials.
std::string NewUuid();

// `length` letters, each drawn uniformly.
SecretBytes RandomLetters(std::size_t length);

// SHA-256 as base64url without padding: how all tokens and API keys are
// stored. They are random and long, so no salt is needed.
std::string HashOf(const SecretBytes& token);

std::string Base64(std::string_view bytes);
std::string Base64Url(std::string_view bytes);  // without padding

// HMAC-SHA256 under one key.
class Signer {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  explicit Signer(SecretBytes key);  // REQUIRES: key.size() == kKeyBytes

  // 32 bytes.
  std::string Sign(std::string_view text) const;

 private:
  const SecretBytes key_;
};

// Compares in constant time for equal sizes.
bool SameBytes(std::string_view a, std::string_view b);

}  // namespace libretto::cloud
