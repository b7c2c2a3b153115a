#include "base/key_page.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/seal.h"

namespace libretto {
namespace {

constexpr std::string_view kKey = "0123456789abcdefghijklmnopqrstuv";

// Each in a process of its own, because there is one page for a process.
bool Holds(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

ShieldedKey Shielded(KeyPage& page) {
  return page.Make([](unsigned char* bytes) {
    std::memcpy(bytes, kKey.data(), kKey.size());
  });
}

std::string Opened(KeyPage& page, const ShieldedKey& key) {
  const KeyPage::OpenKey open(page, key);
  return {reinterpret_cast<const char*>(open.Reveal()), ShieldedKey::kBytes};
}

struct Mapping {
  unsigned long begin = 0;
  unsigned long end = 0;
  std::string flags;  // two letters each, see proc_pid_smaps(5)

  bool Has(std::string_view flag) const {
    return flags.find(" " + std::string(flag)) != std::string::npos;
  }
};

// What the kernel says of the mapping that `address` lies in.
Mapping MappingOf(unsigned long address) {
  std::FILE* const file = std::fopen("/proc/self/smaps", "re");
  char line[512];
  Mapping mapping;
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line, "%lx-%lx ", &begin, &end) == 2) {
      mapping = {begin, end, ""};
    } else if (std::string_view(line).starts_with("VmFlags:") &&
               mapping.begin <= address && address < mapping.end) {
      mapping.flags = line;
      break;
    }
  }
  std::fclose(file);
  return mapping;
}

Mapping MappingOf(const void* address) {
  return MappingOf(reinterpret_cast<unsigned long>(address));
}

unsigned long LockedKib() {
  std::FILE* const file = std::fopen("/proc/self/status", "re");
  char line[256];
  unsigned long kib = 0;
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::sscanf(line, "VmLck: %lu", &kib) == 1) break;
  }
  std::fclose(file);
  return kib;
}

class KeyPageTest : public ::testing::TestWithParam<KeyPage::Memory> {
 protected:
  // In a child: a page of the kind that is tested.
  static KeyPage& Page() { return **KeyPage::Prepare(GetParam()); }
};

TEST_P(KeyPageTest, AShieldedKeyOpensAgainAndAgain) {
  EXPECT_TRUE(Holds([] {
    const ShieldedKey key = Shielded(Page());
    const bool before = Opened(Page(), key) == kKey;
    Page().Shield();
    return before && Opened(Page(), key) == kKey;
  }));
}

TEST_P(KeyPageTest, AtRestAKeyIsNotItsBytes) {
  EXPECT_TRUE(Holds([] {
    const ShieldedKey one = Shielded(Page());
    const ShieldedKey other = Shielded(Page());
    return std::memcmp(one.bytes.data(), kKey.data(), kKey.size()) != 0 &&
           one.bytes != other.bytes;
  }));
}

TEST_P(KeyPageTest, NothingIsReadableInThePageAfterTheOperation) {
  EXPECT_TRUE(Holds([] {
    const ShieldedKey key = Shielded(Page());
    const unsigned char* where = nullptr;
    {
      const KeyPage::OpenKey open(Page(), key);
      where = open.Reveal();
    }
    const unsigned char zeros[ShieldedKey::kBytes] = {};
    return std::memcmp(where, zeros, sizeof(zeros)) == 0;
  }));
}

TEST_P(KeyPageTest, ShieldingIsSeen) {
  EXPECT_TRUE(Holds([] {
    const bool fresh = !Page().unshielded_since().has_value();
    (void)Shielded(Page());
    const bool open = Page().unshielded_since().has_value();
    Page().Shield();
    return fresh && open && !Page().unshielded_since().has_value();
  }));
}

TEST_P(KeyPageTest, LiesInMemoryThatIsLockedAndNeverDumped) {
  EXPECT_TRUE(Holds([] {
    const unsigned long before = LockedKib();
    const KeyPage::OpenKey open(Page(), Shielded(Page()));
    const Mapping mapping = MappingOf(open.Reveal());
    const unsigned long grown = LockedKib() - before;
    // Locked, not in a core, not in a child.
    return grown >= 16 && grown <= 1024 && mapping.Has("lo") &&
           mapping.Has("dd") && mapping.Has("dc");
  }));
}

TEST_P(KeyPageTest, IsGuardedOnBothSides) {
  EXPECT_TRUE(Holds([] {
    const KeyPage::OpenKey open(Page(), Shielded(Page()));
    const Mapping mapping = MappingOf(open.Reveal());
    const Mapping below = MappingOf(mapping.begin - 1);
    const Mapping above = MappingOf(mapping.end);
    return below.end == mapping.begin && above.begin == mapping.end &&
           mapping.Has("rd") && !below.Has("rd") && !above.Has("rd");
  }));
}

TEST_P(KeyPageTest, CostsNoMorePagesForMoreKeys) {
  EXPECT_TRUE(Holds([] {
    std::vector<DataKey> keys;
    Page();
    const unsigned long before = LockedKib();
    for (int i = 0; i < 20'000; ++i) keys.push_back(DataKey::Generate());
    return LockedKib() == before;
  }));
}

// Sanitizers make mlock() do nothing: a release tests what needs it.
#ifdef LIBRETTO_SANITIZED
const auto kKinds = ::testing::Values(KeyPage::Memory::kSecret);
#else
const auto kKinds =
    ::testing::Values(KeyPage::Memory::kSecret, KeyPage::Memory::kLocked);
#endif

INSTANTIATE_TEST_SUITE_P(, KeyPageTest, kKinds, [](const auto& kind) {
  return kind.param == KeyPage::Memory::kSecret ? "Secret" : "Locked";
});

#ifndef LIBRETTO_SANITIZED
TEST(KeyPageLimitTest, WithoutLockedMemoryItSaysWhatToType) {
  EXPECT_TRUE(Holds([] {
    const rlimit none{0, 0};
    // Root may lock without limit.
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
        (geteuid() == 0 && setuid(65534) != 0)) {
      return false;
    }
    const StatusOr<KeyPage*> page = KeyPage::Prepare();
    return page.status().code() == StatusCode::kPermissionDenied &&
           Remedy(page.status()).starts_with("ulimit -l ");
  }));
}
#endif

}  // namespace
}  // namespace libretto
