// Syncer: keeps the cache in step with the cloud. One list for each interval
// while there are callers; what changed is fetched again, what is gone is
// dropped. An explicit Sync() fetches everything that is not held.
//
// Loop thread only. Completions may run before the call has returned.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "agent/core/broker.h"
#include "base/clock.h"

namespace libretto {

class Syncer final : public Ticker {
 public:
  struct Progress {
    std::size_t known = 0;    // names that the cloud listed
    std::size_t total = 0;    // values to fetch
    std::size_t done = 0;     // of them fetched
    std::size_t dropped = 0;  // entries that are gone
  };
  using OnProgress = absl::AnyInvocable<void(const Progress&)>;

  static constexpr std::size_t kMaxInFlight = 16;
  static constexpr std::chrono::minutes kMaxBackOff{5};

  Syncer(Session& session, Broker& broker, SealedCache& cache,
         const Clock& clock, std::chrono::seconds interval);

  void Sync(OnProgress on_progress, Done<Progress> done);

  // Has the next list made at once: who is signed in has changed.
  void Hurry();

  // Whether somebody waits for changes: then lists are made without callers.
  void SetWatched(bool watched) { watched_ = watched; }

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  enum class Scope { kHeld, kEverything };
  struct Run {
    OnProgress on_progress;
    Done<Progress> done;
    Progress progress;
    std::vector<CredentialName> queue;  // still to fetch, last one first
    std::size_t in_flight = 0;
    Status failure;  // the first one
  };

  void Start(Scope scope, OnProgress on_progress, Done<Progress> done);
  void Continue(const std::shared_ptr<Run>& run);
  std::vector<CredentialName> Missing(const std::vector<CredentialInfo>& listed,
                                      Scope scope) const;
  void Schedule(const Status& outcome);
  std::int64_t Demand() const;

  Session& session_;
  Broker& broker_;
  SealedCache& cache_;
  const Clock& clock_;
  const std::chrono::seconds interval_;
  TimePoint next_at_;
  bool hurry_ = false;
  bool watched_ = false;
  bool running_ = false;
  int failures_ = 0;
  std::int64_t demand_seen_ = 0;
};

}  // namespace libretto
