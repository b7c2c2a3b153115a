// Syncer: keeps the cache in step with the cloud. One list for each interval
// while there are callers, fewer while there are none and something is held;
// what changed is fetched again, what is gone is dropped. An explicit Sync()
// fetches everything that is not held. Where the cloud asks to wait or fails, a
// sync pauses until it may be asked again.
//
// Loop thread only. Completions may run before the call has returned.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
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
    // Not zero: pauses for so long.
    std::chrono::seconds wait{0};
  };
  using OnProgress = absl::AnyInvocable<void(const Progress&)>;

  struct Intervals {
    std::chrono::seconds busy{30};  // while there are callers
    std::chrono::seconds idle{300};
  };

  // agent/remote has a pool of connections for them, or one of HTTP/2.
  static constexpr std::size_t kMaxInFlight = 64;
  // A sync that has paused so often and fetched nothing in between fails.
  static constexpr int kMaxIdlePauses = 3;

  Syncer(Session& session, Broker& broker, SealedCache& cache,
         const Clock& clock, Intervals intervals);

  // Returns a number for Cancel().
  std::uint64_t Sync(OnProgress on_progress, Done<Progress> done);

  // The caller has left: `done` comes as soon as nothing of it is in flight.
  void Cancel(std::uint64_t id);

  // Has the next list made at once: who is signed in has changed, or the
  // machine has slept.
  void Hurry();

  // When the next list is due, unless somebody calls before; nothing when
  // nobody needs one.
  std::optional<TimePoint> NextList() const;

  // Whether somebody waits for changes: then lists are made without callers.
  void SetWatched(bool watched) { watched_ = watched; }

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  enum class Scope { kHeld, kEverything };
  struct Run {
    std::uint64_t id = 0;
    OnProgress on_progress;
    Done<Progress> done;
    Progress progress;
    std::vector<CredentialName> queue;  // still to fetch, last one first
    std::size_t in_flight = 0;          // requests, the list among them
    int idle_pauses = 0;
    bool pausing = false;  // as soon as nothing is in flight any more
    bool continuing = false;
    Status failure;  // the first one that is not waited out
  };

  std::uint64_t Start(Scope scope, OnProgress on_progress, Done<Progress> done);
  void Listed(const std::shared_ptr<Run>& run, Scope scope,
              const StatusOr<Listing>& listing);
  void Continue(const std::shared_ptr<Run>& run);
  void Fetched(Run& run, const CredentialName& name, const Status& fetched);
  void Pause(const std::shared_ptr<Run>& run);
  std::vector<CredentialName> Missing(Scope scope) const;
  std::optional<TimePoint> NextTry() const;
  std::int64_t Demand() const;

  Session& session_;
  Broker& broker_;
  SealedCache& cache_;
  const Clock& clock_;
  const Intervals intervals_;
  TimePoint listed_at_;  // or tried to
  bool never_listed_ = true;
  bool hurry_ = false;
  bool watched_ = false;
  bool running_ = false;
  std::int64_t demand_seen_ = 0;
  std::uint64_t ids_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Run>> runs_;
  std::vector<std::shared_ptr<Run>> paused_;
};

}  // namespace libretto
