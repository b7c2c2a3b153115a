// Work of the agent's core, for callgrind to count (instructions.py):
//
//   bench_core get|seal|open|snapshot|restore ROUNDS
//
// A warm Broker::Get, sealing a value of 100 bytes, opening it again; what the
// snapshot of a cache of 10,000 such values holds the loop for, and filling a
// cache from it.
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

// A profile with many values. The disk is a fake, because the loop does not
// wait for the real one.
class ManyValues : public testing::ProfileTest {
 public:
  ManyValues() {
    snapshots_.sealing = &sealing_;
    sealing_.Open(FileKey::Generate());
    many_.session.SignIn({{testing::FakeCloud::kUrl, SecretBytes::CopyOf("c")},
                          "user",
                          "casey@example.test",
                          ""});
    for (int i = 0; i < kMany; ++i) {
      cloud_.Set("credential_number_" + std::to_string(i),
                 std::string(kValueBytes, 'v'));
    }
    many_.syncer.Sync([](const Syncer::Progress&) {},
                      [](const StatusOr<Syncer::Progress>&) {});
    cloud_.Deliver();
  }

  void Snapshot(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      many_.cache.Doubt(Name("credential_number_0"));
      many_.broker.Get(Name("credential_number_0"),
                       [](const StatusOr<Credential>&) {});
      cloud_.Deliver();
      many_.snapshot.Save();
    }
    if (snapshots_.saves != rounds) std::exit(1);
  }

  void Restore(int rounds) {
    Snapshot(1);
    for (int i = 0; i < rounds; ++i) {
      many_.cache.Clear();
      many_.snapshot.Restore();
    }
    if (many_.cache.values() != kMany) std::exit(1);
  }

 private:
  static constexpr int kMany = 10'000;

  void TestBody() override {}

  Sealing sealing_;
  Profile many_{ProfileOptions(),
                {cloud_, cloud_, cloud_, cloud_},
                breakers_,
                journal_,
                store_,
                snapshots_,
                clock_};
};

}  // namespace
}  // namespace libretto::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_core get|seal|open|snapshot|restore ROUNDS\n",
               stderr);
    return 64;
  }
  const std::string_view what(argv[1]);
  const int rounds = libretto::bench::NumberOrExit(argv[2]);
  if (what == "get") {
    libretto::bench::WarmProfile().Get(rounds);
  } else if (what == "snapshot") {
    libretto::bench::ManyValues().Snapshot(rounds);
  } else if (what == "restore") {
    libretto::bench::ManyValues().Restore(rounds);
  } else {
    libretto::bench::Seal(rounds, what == "open");
  }
}
