#include "agent/core/syncer.h"

#include <algorithm>
#include <utility>

namespace libretto {

Syncer::Syncer(Session& session, Broker& broker, SealedCache& cache,
               const Clock& clock, Intervals intervals)
    : session_(session),
      broker_(broker),
      cache_(cache),
      clock_(clock),
      intervals_(intervals),
      listed_at_(clock.Now()) {}

std::uint64_t Syncer::Sync(OnProgress on_progress, Done<Progress> done) {
  return Start(Scope::kEverything, std::move(on_progress), std::move(done));
}

void Syncer::Cancel(std::uint64_t id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  const std::shared_ptr<Run> run = found->second;
  run->failure.Update(TooSlow("the caller has left"));
  std::erase(paused_, run);
  Continue(run);
}

void Syncer::Hurry() { hurry_ = true; }

std::optional<TimePoint> Syncer::NextList() const {
  if (running_ || !session_.usable()) return std::nullopt;
  const bool wanted = watched_ || Demand() != demand_seen_;
  const std::optional<TimePoint> next_try = NextTry();
  if (hurry_ || (wanted && never_listed_)) {
    return std::max(clock_.Now(), next_try.value_or(clock_.Now()));
  }
  if (wanted) return next_try.value_or(listed_at_ + intervals_.busy);
  if (cache_.values() == 0) return std::nullopt;
  const TimePoint due = listed_at_ + intervals_.idle;
  return std::max(due, next_try.value_or(due));
}

std::optional<TimePoint> Syncer::NextDeadline() const {
  std::optional<TimePoint> next = NextList();
  if (!paused_.empty()) {
    const TimePoint resume = NextTry().value_or(clock_.Now());
    next = std::min(next.value_or(resume), resume);
  }
  return next;
}

void Syncer::Tick() {
  if (!paused_.empty() && NextTry().value_or(clock_.Now()) <= clock_.Now()) {
    for (const auto& run : std::exchange(paused_, {})) Continue(run);
  }
  const auto due = NextList();
  if (!due.has_value() || clock_.Now() < *due) return;
  running_ = true;
  hurry_ = false;
  demand_seen_ = Demand();
  Start(
      Scope::kHeld, [](const Progress&) {},
      [this](const StatusOr<Progress>&) { running_ = false; });
}

std::uint64_t Syncer::Start(Scope scope, OnProgress on_progress,
                            Done<Progress> done) {
  auto run = std::make_shared<Run>();
  const std::uint64_t id = ++ids_;
  run->id = id;
  run->on_progress = std::move(on_progress);
  run->done = std::move(done);
  run->in_flight = 1;
  runs_[id] = run;
  listed_at_ = clock_.Now();
  never_listed_ = false;
  broker_.Refresh(
      [this, scope, run](const StatusOr<Listing>& listing) {
        Listed(run, scope, listing);
      },
      scope == Scope::kEverything ? Breaker::Urgency::kAsked
                                  : Breaker::Urgency::kUsual);
  return id;
}

void Syncer::Listed(const std::shared_ptr<Run>& run, Scope scope,
                    const StatusOr<Listing>& listing) {
  --run->in_flight;
  run->failure.Update(listing.ok() ? listing->stale_because : listing.status());
  if (run->failure.ok()) {
    run->queue = Missing(scope);
    run->progress.known = listing->known;
    run->progress.dropped = listing->dropped;
    run->progress.total = run->queue.size();
    run->on_progress(run->progress);
  }
  Continue(run);
}

void Syncer::Continue(const std::shared_ptr<Run>& run) {
  // A fetch that is over before Prefetch() has returned does not go deeper.
  if (std::exchange(run->continuing, true)) return;
  while (run->failure.ok() && !run->pausing && !run->queue.empty() &&
         run->in_flight < kMaxInFlight) {
    const CredentialName name = std::move(run->queue.back());
    run->queue.pop_back();
    ++run->in_flight;
    broker_.Prefetch(name, [this, run, name](const Status& fetched) {
      --run->in_flight;
      Fetched(*run, name, fetched);
      Continue(run);
    });
  }
  run->continuing = false;
  if (run->in_flight > 0 || run->done == nullptr) return;
  if (run->failure.ok() && !run->queue.empty()) return Pause(run);
  runs_.erase(run->id);
  Done<Progress> done = std::exchange(run->done, nullptr);
  if (run->failure.ok()) {
    std::move(done)(run->progress);
  } else {
    std::move(done)(run->failure);
  }
}

void Syncer::Fetched(Run& run, const CredentialName& name,
                     const Status& fetched) {
  // One that went away since the list is no failure.
  if (fetched.ok() || fetched.code() == StatusCode::kNotFound) {
    ++run.progress.done;
    run.progress.wait = std::chrono::seconds(0);
    run.idle_pauses = 0;
    run.on_progress(run.progress);
  } else if (WillPass(fetched) && run.idle_pauses < kMaxIdlePauses) {
    run.queue.push_back(name);
    run.pausing = true;
  } else if (run.failure.ok()) {
    run.failure = fetched;
  }
}

void Syncer::Pause(const std::shared_ptr<Run>& run) {
  run->pausing = false;
  ++run->idle_pauses;
  paused_.push_back(run);
  run->progress.wait = std::chrono::ceil<std::chrono::seconds>(
      NextTry().value_or(clock_.Now()) - clock_.Now());
  run->on_progress(run->progress);
}

std::vector<CredentialName> Syncer::Missing(Scope scope) const {
  std::vector<CredentialName> missing;
  for (const std::string& text : cache_.NotCurrent(scope == Scope::kHeld)) {
    auto name = CredentialName::Verbatim(text);
    if (name.ok()) missing.push_back(*std::move(name));
  }
  return missing;
}

std::optional<TimePoint> Syncer::NextTry() const {
  const Breaker* const breaker = broker_.breaker();
  return breaker == nullptr ? std::nullopt : breaker->next_try();
}

std::int64_t Syncer::Demand() const {
  return broker_.counters().hits + broker_.counters().misses;
}

}  // namespace libretto
