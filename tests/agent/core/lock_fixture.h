// A lock with profiles, a fake cloud and disks in memory.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "agent/core/lock.h"

#include "tests/agent/core/profile_fixture.h"
#include "tests/fakes/fake_lock.h"

namespace libretto::testing {

inline constexpr const char* kRight = "correct horse";

// Where a completion puts its status.
class Outcome {
 public:
  DoneStatus Into() {
    return [this](Status status) {
      EXPECT_FALSE(status_.has_value()) << "completed twice";
      status_ = std::move(status);
    };
  }
  bool arrived() const { return status_.has_value(); }
  const Status& get() const { return status_.value(); }

 private:
  std::optional<Status> status_;
};

class SilentSink final : public WatchSink {
 public:
  void OnValue(const Credential&) override {}
  void OnGone(const CredentialName&) override {}
  void OnSettled() override {}
  void OnOver(const Status& status) override { over = status; }

  std::optional<Status> over;
};

class LockTest : public ::testing::Test {
 protected:
  LockTest() { cloud_.Set("username", "alice"); }

  static FakeStorage StorageFor(const Sealing& sealing) {
    FakeStorage storage;
    storage.sealing = &sealing;
    return storage;
  }

  static Passphrase Typed(std::string_view text) {
    return {SecretBytes::CopyOf(text)};
  }

  Profile& profile() { return profiles_.Default(); }

  void SignIn() {
    storage_.sessions["default"].stored =
        Account{{FakeCloud::kUrl, SecretBytes::CopyOf("cookie=0")},
                "user",
                "casey@example.test",
                ""};
    ASSERT_THAT(profile().accounts.Load(), IsOk());
  }
  Status Enroll(std::string_view passphrase = kRight) {
    Outcome outcome;
    lock_.Enroll(Typed(passphrase), outcome.Into());
    return outcome.get();
  }
  void Enrolled() {
    SignIn();
    ASSERT_THAT(Enroll(), IsOk());
  }
  Status LockIt() {
    const Status locked = lock_.LockNow("of the test", [](const Status&) {});
    cloud_.Deliver();
    return locked;
  }
  // After whatever wait it takes.
  Status Unlock(std::string_view passphrase = kRight) {
    Outcome outcome;
    lock_.Unlock(Typed(passphrase), outcome.Into());
    WaitFor(outcome);
    cloud_.Deliver();
    return outcome.get();
  }
  void WaitFor(const Outcome& outcome) {
    while (!outcome.arrived()) {
      const auto deadline = lock_.NextDeadline();
      ASSERT_TRUE(deadline.has_value());
      clock_.Advance(
          std::max(*deadline - clock_.Now(), std::chrono::nanoseconds(0)));
      lock_.Tick();
    }
  }
  // The value, or the status's message.
  std::string Ask(std::string_view name = "username") {
    if (const Status loaded = profile().accounts.Load(); !loaded.ok()) {
      return Message(loaded);
    }
    Result<Credential> result;
    profile().broker.Get(CredentialName::Parse(name).value(), result.Into());
    cloud_.Deliver();
    if (!result.get().ok()) return Message(result.get().status());
    return std::string(result.value().value.Reveal());
  }

  ManualClock clock_;
  FakeCloud cloud_;
  Sealing sealing_;
  FakeStorage storage_ = StorageFor(sealing_);
  FakeLock disk_;
  InlineWorker worker_;
  Profiles profiles_{
      ProfileOptions(), {cloud_, cloud_, cloud_, cloud_}, storage_, clock_};
  int calls_ended_ = 0;
  int scopes_revoked_ = 0;
  Lock lock_{sealing_,
             profiles_,
             disk_,
             worker_,
             clock_,
             {.idle = std::chrono::minutes(30), .cost = {8192, 1}},
             {.end_cloud_calls = [this] { ++calls_ended_; },
              .revoke_scopes = [this] { ++scopes_revoked_; }}};
};

}  // namespace libretto::testing
