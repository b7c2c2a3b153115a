#include "base/secret.h"

#include <concepts>
#include <sstream>
#include <type_traits>

#include <gtest/gtest.h>

namespace libretto {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::copy_constructible<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(!Streamable<SecretBytes>);
static_assert(!std::equality_comparable<SecretBytes>);
static_assert(!std::is_convertible_v<SecretBytes, std::string>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);

TEST(SecretBytesTest, RevealsWhatItWasGiven) {
  EXPECT_EQ(SecretBytes::CopyOf("hunter2").Reveal(), "hunter2");
}

TEST(SecretBytesTest, TakingASecretEmptiesTheString) {
  std::string password = "a password that is longer than the small buffer";
  const char* const bytes = password.data();
  const SecretBytes secret = SecretBytes::Take(std::move(password));
  EXPECT_EQ(secret.size(), 47U);
  EXPECT_EQ(bytes[0], '\0');
  EXPECT_EQ(bytes[46], '\0');
}

TEST(SecretBytesTest, MovingLeavesNothingBehind) {
  SecretBytes from = SecretBytes::CopyOf("hunter2");
  const SecretBytes to = std::move(from);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(to.Reveal(), "hunter2");
}

TEST(SecretBytesTest, AssigningReplacesTheOldSecret) {
  SecretBytes secret = SecretBytes::CopyOf("old");
  secret = SecretBytes::CopyOf("new");
  EXPECT_EQ(secret.Reveal(), "new");
}

TEST(SecretBytesTest, EqualityLooksAtEveryByte) {
  const SecretBytes secret = SecretBytes::CopyOf("hunter2");
  EXPECT_TRUE(secret.Equals(SecretBytes::CopyOf("hunter2")));
  EXPECT_FALSE(secret.Equals(SecretBytes::CopyOf("hunter3")));
  EXPECT_FALSE(secret.Equals(SecretBytes::CopyOf("hunter")));
  EXPECT_TRUE(SecretBytes().Equals(SecretBytes::CopyOf("")));
}

TEST(SecretBytesTest, WipingAStringClearsItsSpareBytesToo) {
  std::string text = "a password that is longer than the small buffer";
  const char* const bytes = text.data();
  text.resize(3);
  WipeString(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(bytes[20], '\0');
}

}  // namespace
}  // namespace libretto
