// A whole profile against a fake cloud, a manual clock and disks in memory,
// with verbs for the tests.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/core/profile.h"
#include "tests/fakes/fake_cloud.h"
#include "tests/fakes/fake_stores.h"
#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"

namespace libretto::testing {

// Where a completion puts its result; asserts that it comes once.
template <typename T>
class Result {
 public:
  Done<T> Into() {
    return [this](StatusOr<T> result) {
      EXPECT_FALSE(result_.has_value()) << "completed twice";
      result_.emplace(std::move(result));
    };
  }
  bool arrived() const { return result_.has_value(); }
  const StatusOr<T>& get() const { return result_.value(); }
  const T& value() const { return result_.value().value(); }

 private:
  std::optional<StatusOr<T>> result_;
};

class ProfileTest : public ::testing::Test {
 protected:
  static CredentialName Name(std::string_view text) {
    return CredentialName::Parse(text).value();
  }

  void SignIn() {
    profile_.session.SignIn({{FakeCloud::kUrl, SecretBytes::CopyOf("cookie=0")},
                             "user",
                             "casey@example.test",
                             ""});
  }

  // The value, or the status's message.
  std::string Ask(std::string_view name) {
    Result<Credential> result;
    profile_.broker.Get(Name(name), result.Into());
    cloud_.Deliver();
    if (!result.arrived()) return "(no answer)";
    if (!result.get().ok()) return Message(result.get().status());
    return std::string(result.value().value.Reveal());
  }

  Status AskStatus(std::string_view name) {
    Result<Credential> result;
    profile_.broker.Get(Name(name), result.Into());
    cloud_.Deliver();
    return result.get().status();
  }

  void ListNow() {
    profile_.broker.List([](const StatusOr<Listing>&) {});
    cloud_.Deliver();
  }

  void Tick() {
    profile_.syncer.Tick();
    cloud_.Deliver();
  }

  static ProfileOptions Options() {
    ProfileOptions options;
    options.cache.bytes = 4096;
    return options;
  }

  ManualClock clock_;
  FakeCloud cloud_;
  FakeJournal journal_;
  FakeSessionStore store_;
  FakeSnapshotStore snapshots_;
  double jitter_ = 1.0;  // the longest back-off, unless the test says so
  Breakers breakers_{clock_, [this] { return jitter_; }};
  Profile profile_{Options(), {cloud_, cloud_, cloud_, cloud_},
                   breakers_, journal_,
                   store_,    snapshots_,
                   clock_};
};

}  // namespace libretto::testing
