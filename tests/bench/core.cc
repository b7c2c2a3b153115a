// Work of the agent's core, for callgrind to count (instructions.py):
//
//   bench_core get|seal|open ROUNDS
//
// A warm Broker::Get, sealing a value of 100 bytes, opening it again.
#include <string>
#include <string_view>
#include <utility>

#include "base/seal.h"
#include "tests/agent/core/profile_fixture.h"
#include "tests/bench/timing.h"

namespace libretto::bench {
namespace {

constexpr std::size_t kValueBytes = 100;
constexpr char kName[] = "openai_api_key";

// A profile, signed in and with one value in its cache.
class WarmProfile : public testing::ProfileTest {
 public:
  WarmProfile() {
    SignIn();
    cloud_.Set(kName, std::string(kValueBytes, 'v'));
    Ask(kName);
  }

  void Get(int rounds) {
    const CredentialName name = Name(kName);
    for (int i = 0; i < rounds; ++i) {
      profile_.broker.Get(name, [](const StatusOr<Credential>& credential) {
        if (!credential.ok()) std::exit(1);
      });
    }
  }

 private:
  void TestBody() override {}
};

void Seal(int rounds, bool open) {
  const DataKey key = DataKey::Generate();
  const SecretBytes value = SecretBytes::CopyOf(std::string(kValueBytes, 'v'));
  auto sealed = libretto::Seal(value, key, kName);
  for (int i = 0; i < rounds; ++i) {
    if (!open) {
      sealed = libretto::Seal(value, key, kName);
    } else if (!libretto::Open(sealed, key, kName).ok()) {
      std::exit(1);
    }
  }
}

}  // namespace
}  // namespace libretto::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_core get|seal|open ROUNDS\n", stderr);
    return 64;
  }
  const std::string_view what(argv[1]);
  const int rounds = libretto::bench::NumberOrExit(argv[2]);
  if (what == "get") {
    libretto::bench::WarmProfile().Get(rounds);
  } else {
    libretto::bench::Seal(rounds, what == "open");
  }
}
