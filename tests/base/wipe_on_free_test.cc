// Looks at freed memory on purpose, which no sanitizer allows: the program is
// built where wipe_on_free.cc is.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

constexpr char kSecret[] = "correct horse battery staple";

// What glibc itself writes into a freed block: two list pointers, and two more
// when it is large.
constexpr std::size_t kAllocatorWords = 4 * sizeof(void*);

// As a volatile integer: the compiler knows what free() does to a pointer, and
// follows it.
std::uintptr_t Remember(const void* block) {
  volatile std::uintptr_t address = reinterpret_cast<std::uintptr_t>(block);
  return address;
}

// Looks in place: a copy would be allocated where the freed block was.
bool HoldsSecret(std::uintptr_t address, std::size_t size) {
  constexpr std::size_t kFragment = 12;
  const auto* bytes = reinterpret_cast<const volatile char*>(address);
  for (std::size_t start = 0; start + kFragment <= size; ++start) {
    std::size_t equal = 0;
    while (equal < kFragment && bytes[start + equal] == kSecret[equal]) ++equal;
    if (equal == kFragment) return true;
  }
  return false;
}

// Secrets all over a block of `size`, from beyond the allocator's words on.
char* Filled(std::size_t size) {
  auto* block = static_cast<char*>(std::malloc(size));
  for (std::size_t at = kAllocatorWords; at + sizeof(kSecret) <= size;
       at += sizeof(kSecret)) {
    std::memcpy(block + at, kSecret, sizeof(kSecret));
  }
  return block;
}

class WipeOnFreeTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  // A neighbour keeps the block from melting into the free space behind it.
  static char* FilledBeforeANeighbour(std::size_t size, void** neighbour) {
    char* block = Filled(size);
    *neighbour = std::malloc(32);
    return block;
  }
};

TEST_P(WipeOnFreeTest, TheTestCanSeeASecret) {
  char* block = Filled(GetParam());
  EXPECT_TRUE(HoldsSecret(Remember(block), GetParam()));
  std::free(block);
}

TEST_P(WipeOnFreeTest, AFreedBlockKeepsNothing) {
  void* neighbour = nullptr;
  char* block = FilledBeforeANeighbour(GetParam(), &neighbour);
  const std::uintptr_t address = Remember(block);
  std::free(block);
  EXPECT_FALSE(HoldsSecret(address, GetParam()));
  std::free(neighbour);
}

TEST_P(WipeOnFreeTest, ABlockThatMovesLeavesNothingBehind) {
  void* neighbour = nullptr;
  char* block = FilledBeforeANeighbour(GetParam(), &neighbour);
  const std::uintptr_t address = Remember(block);
  auto* moved = static_cast<char*>(std::realloc(block, GetParam() * 4));
  ASSERT_NE(Remember(moved), address);
  EXPECT_TRUE(HoldsSecret(Remember(moved), GetParam()));
  EXPECT_FALSE(HoldsSecret(address, GetParam()));
  std::free(moved);
  std::free(neighbour);
}

TEST_P(WipeOnFreeTest, ABlockThatShrinksLosesItsTail) {
  char* block = Filled(GetParam());
  const std::size_t kept = GetParam() * 3 / 4;
  auto* shrunk = static_cast<char*>(std::realloc(block, kept));
  EXPECT_FALSE(HoldsSecret(Remember(shrunk) + kept, GetParam() - kept));
  std::free(shrunk);
}

// The smallest fits one secret, the next ones go to the allocator's small,
// middle and large bins.
INSTANTIATE_TEST_SUITE_P(Sizes, WipeOnFreeTest,
                         ::testing::Values(96, 400, 4'000, 60'000));

TEST(WipeOnFreeStringTest, AStringThatDiesKeepsNothing) {
  std::uintptr_t address = 0;
  {
    std::string text(kAllocatorWords, '.');
    text += kSecret;
    address = Remember(text.data());
  }
  EXPECT_FALSE(HoldsSecret(address, kAllocatorWords + sizeof(kSecret)));
}

TEST(WipeOnFreeStringTest, ReallocKeepsTheRulesOfC) {
  void* block = std::realloc(nullptr, 16);
  ASSERT_NE(block, nullptr);
  std::memcpy(block, "0123456789abcde", 16);
  block = std::realloc(block, 100'000);
  EXPECT_STREQ(static_cast<char*>(block), "0123456789abcde");
  block = std::realloc(block, 16);
  EXPECT_STREQ(static_cast<char*>(block), "0123456789abcde");
  EXPECT_EQ(std::realloc(block, 0), nullptr);
  std::free(nullptr);
}

}  // namespace
