#include "cloud/core/tokens.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "base/seal.h"
#include "cloud/core/passwords.h"
#include "tests/cloud/cloud_parts.h"

namespace libretto::cloud {
namespace {

using testing::Secret;

TEST(TokensTest, HashIsBase64UrlOfSha256) {
  // printf abc | sha256sum | xxd -r -p | base64, made URL-safe.
  EXPECT_EQ(HashOf(Secret("abc")),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

TEST(TokensTest, SignatureIsHmacSha256) {
  // printf abc | openssl dgst -sha256 -mac HMAC -macopt key:<32 k> | base64
  const Signer signer(Secret(std::string(32, 'k')));
  EXPECT_EQ(Base64(signer.Sign("abc")),
            "r2G2k5Eu/Fbi5G+UlxnqEKnoDWj43PuE4mysUzDaPHQ=");
}

TEST(TokensTest, TokensDifferAndAreOfTheirAlphabet) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(seen.insert(NewId()).second);
    EXPECT_TRUE(seen.insert(NewUuid()).second);
  }
  const SecretBytes letters = RandomLetters(64);
  EXPECT_EQ(letters.size(), 64U);
  EXPECT_TRUE(std::all_of(
      letters.Reveal().begin(), letters.Reveal().end(),
      [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }));
}

TEST(TokensTest, UuidsAreOfVersionFour) {
  const std::string uuid = NewUuid();
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
}

TEST(PasswordsTest, OnlyThePasswordMatchesItsHash) {
  const Passwords passwords(testing::kCheapPasswords);
  const std::string hash = passwords.Hash(Secret("correct horse"));
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(passwords.Matches(Secret("correct horse"), hash));
  EXPECT_FALSE(passwords.Matches(Secret("correct horsf"), hash));
  EXPECT_FALSE(passwords.Matches(Secret(""), hash));
}

TEST(PasswordsTest, TheProductionCostIsInTheHash) {
  const Passwords passwords{PasswordCost()};
  const std::string hash = passwords.Hash(Secret("x"));
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << hash;
}

}  // namespace
}  // namespace libretto::cloud
