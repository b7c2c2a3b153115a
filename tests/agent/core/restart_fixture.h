// An agent that can be killed, stopped and started again over one disk, with a
// fake cloud and verbs for the tests.
#pragma once

#include <memory>
#include <string>

#include "tests/agent/core/lock_fixture.h"

namespace libretto::testing {

// An agent whose disk outlives it.
class RestartTest : public ::testing::Test {
 protected:
  struct Agent {
    explicit Agent(RestartTest& test)
        : profiles(ProfileOptions(),
                   {test.cloud_, test.cloud_, test.cloud_, test.cloud_},
                   test.StorageFor(sealing), test.clock_),
          lock(sealing, profiles, test.lock_, test.worker_, test.clock_,
               {.cost = {8192, 1}}, {}) {}

    Sealing sealing;
    Profiles profiles;
    Lock lock;
  };

  RestartTest() {
    cloud_.Set("username", "alice");
    cloud_.Set("password", "secret");
    storage_.sessions["default"].stored =
        Account{{FakeCloud::kUrl, SecretBytes::CopyOf("cookie=0")},
                "user",
                "casey@example.test",
                ""};
    Start();
  }

  FakeStorage& StorageFor(const Sealing& sealing) {
    storage_.sealing = &sealing;
    return storage_;
  }
  Profile& profile() { return agent_->profiles.Default(); }
  FakeSnapshotStore& disk() { return storage_.snapshots["default"]; }

  void Start() {
    agent_ = std::make_unique<Agent>(*this);
    ASSERT_THAT(agent_->lock.Start(), IsOk());
    if (!agent_->lock.locked()) {
      ASSERT_THAT(profile().accounts.Load(), IsOk());
    }
  }
  void Enroll() {
    Outcome outcome;
    agent_->lock.Enroll({SecretBytes::CopyOf(kRight)}, outcome.Into());
    ASSERT_THAT(outcome.get(), IsOk());
  }
  void Unlock() {
    Outcome outcome;
    agent_->lock.Unlock({SecretBytes::CopyOf(kRight)}, outcome.Into());
    ASSERT_THAT(outcome.get(), IsOk());
  }
  void LockIt() {
    ASSERT_THAT(agent_->lock.LockNow("of the test", [](const Status&) {}),
                IsOk());
    cloud_.Deliver();
  }
  // As kill -9 does.
  void Kill() { agent_.reset(); }
  void StopCleanly() {
    agent_->profiles.SaveSnapshots();
    agent_.reset();
  }
  void StartAndUnlock() {
    Start();
    Unlock();
  }
  void Tick() {
    agent_->profiles.Tick();
    cloud_.Deliver();
  }
  void Advance(std::chrono::nanoseconds by) {
    clock_.Advance(by);
    Tick();
  }
  void List() {
    profile().broker.List([](const StatusOr<Listing>&) {});
    cloud_.Deliver();
  }
  StatusOr<Credential> Get(std::string_view name = "username") {
    Result<Credential> result;
    profile().broker.Get(CredentialName::Parse(name).value(), result.Into());
    cloud_.Deliver();
    // What failed a moment ago is tried again in a second.
    if (!result.arrived()) Advance(std::chrono::seconds(2));
    if (!result.get().ok()) return result.get().status();
    const Credential& got = result.value();
    return Credential{got.name, got.value.Clone(), got.age, got.source,
                      got.generation};
  }
  std::string Read(std::string_view name = "username") {
    const auto credential = Get(name);
    return credential.ok() ? std::string(credential->value.Reveal())
                           : Message(credential.status());
  }
  // Enrolled, with one of two values held and everything confirmed.
  void Warm() {
    Enroll();
    List();
    ASSERT_EQ(Read(), "alice");
  }

  ManualClock clock_;
  FakeCloud cloud_;
  FakeStorage storage_;
  FakeLock lock_;
  InlineWorker worker_;
  std::unique_ptr<Agent> agent_;
};

}  // namespace libretto::testing
