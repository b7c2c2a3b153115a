#include "agent/core/syncer.h"

#include <algorithm>
#include <utility>

namespace libretto {

Syncer::Syncer(Session& session, Broker& broker, SealedCache& cache,
               const Clock& clock, std::chrono::seconds interval)
    : session_(session),
      broker_(broker),
      cache_(cache),
      clock_(clock),
      interval_(interval),
      next_at_(clock.Now()) {}

void Syncer::Sync(OnProgress on_progress, Done<Progress> done) {
  Start(Scope::kEverything, std::move(on_progress), std::move(done));
}

void Syncer::Hurry() {
  hurry_ = true;
  next_at_ = clock_.Now();
}

std::optional<TimePoint> Syncer::NextDeadline() const {
  const bool wanted = hurry_ || watched_ || Demand() != demand_seen_;
  if (running_ || !session_.usable() || !wanted) return std::nullopt;
  return next_at_;
}

void Syncer::Tick() {
  const auto deadline = NextDeadline();
  if (!deadline.has_value() || clock_.Now() < *deadline) return;
  running_ = true;
  hurry_ = false;
  demand_seen_ = Demand();
  Start(
      Scope::kHeld, [](const Progress&) {},
      [this](const StatusOr<Progress>&) { running_ = false; });
}

void Syncer::Start(Scope scope, OnProgress on_progress, Done<Progress> done) {
  auto run = std::make_shared<Run>();
  run->on_progress = std::move(on_progress);
  run->done = std::move(done);
  broker_.List([this, scope, run = std::move(run)](StatusOr<Listing> listing) {
    const Status reached =
        listing.ok() && listing->stale
            ? WithRemedy(Offline("the cloud cannot be reached"),
                         "librettoctl agent status")
            : listing.status();
    Schedule(reached);
    if (!reached.ok()) return std::move(run->done)(reached);
    run->queue = Missing(listing->credentials, scope);
    run->progress.known = listing->credentials.size();
    run->progress.dropped = listing->dropped;
    run->progress.total = run->queue.size();
    run->on_progress(run->progress);
    Continue(run);
  });
}

void Syncer::Continue(const std::shared_ptr<Run>& run) {
  while (run->failure.ok() && !run->queue.empty() &&
         run->in_flight < kMaxInFlight) {
    const CredentialName name = std::move(run->queue.back());
    run->queue.pop_back();
    ++run->in_flight;
    broker_.Prefetch(name, [this, run](const Status& fetched) {
      --run->in_flight;
      // One that went away since the list is no failure.
      if (fetched.ok() || fetched.code() == StatusCode::kNotFound) {
        ++run->progress.done;
        run->on_progress(run->progress);
      } else if (run->failure.ok()) {
        run->failure = fetched;
      }
      Continue(run);
    });
  }
  const bool over =
      run->in_flight == 0 && (run->queue.empty() || !run->failure.ok());
  if (!over || run->done == nullptr) return;
  Done<Progress> done = std::exchange(run->done, nullptr);
  if (run->failure.ok()) {
    std::move(done)(run->progress);
  } else {
    std::move(done)(run->failure);
  }
}

std::vector<CredentialName> Syncer::Missing(
    const std::vector<CredentialInfo>& listed, Scope scope) const {
  std::vector<CredentialName> missing;
  for (const CredentialInfo& info : listed) {
    auto name = CredentialName::Verbatim(info.name);
    if (!name.ok() || cache_.HasCurrent(*name)) continue;
    if (scope == Scope::kEverything || cache_.HasValue(*name)) {
      missing.push_back(*std::move(name));
    }
  }
  return missing;
}

void Syncer::Schedule(const Status& outcome) {
  if (outcome.ok()) {
    failures_ = 0;
    next_at_ = clock_.Now() + interval_;
    return;
  }
  failures_ = std::min(failures_ + 1, 10);
  const auto back_off = std::min<std::chrono::seconds>(
      interval_ * (1 << (failures_ - 1)), kMaxBackOff);
  next_at_ = clock_.Now() + std::max(back_off, WaitOf(outcome));
}

std::int64_t Syncer::Demand() const {
  return broker_.counters().hits + broker_.counters().misses;
}

}  // namespace libretto
