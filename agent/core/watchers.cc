#include "agent/core/watchers.h"

#include <algorithm>
#include <utility>

namespace libretto {

std::uint64_t Watchers::Start(std::vector<CredentialName> names,
                              WatchSink& sink) {
  const std::uint64_t id = ++ids_;
  Watch& watch = watches_[id];
  watch.sink = &sink;
  watch.epoch = session_.epoch();
  for (CredentialName& name : names) {
    watch.names.push_back({.name = std::move(name)});
  }
  syncer_.SetWatched(true);
  Look(id);
  return id;
}

void Watchers::Cancel(std::uint64_t id) {
  watches_.erase(id);
  syncer_.SetWatched(!watches_.empty());
}

std::optional<TimePoint> Watchers::NextDeadline() const {
  if (watches_.empty()) return std::nullopt;
  const bool due = look_again_ || seen_changes_ != broker_.changes() ||
                   seen_epoch_ != session_.epoch();
  if (!due) return std::nullopt;
  return clock_.Now();
}

void Watchers::Tick() {
  if (!NextDeadline().has_value()) return;
  look_again_ = false;
  seen_changes_ = broker_.changes();
  seen_epoch_ = session_.epoch();
  std::vector<std::uint64_t> all;
  for (const auto& [id, watch] : watches_) all.push_back(id);
  for (const std::uint64_t id : all) Look(id);
}

void Watchers::Look(std::uint64_t id) {
  for (std::size_t i = 0;; ++i) {
    // An answer may end the watch before Ask() returns.
    const auto found = watches_.find(id);
    if (found == watches_.end() || i == found->second.names.size()) return;
    if (found->second.epoch != session_.epoch()) {
      const Status gate = session_.Gate();
      return End(id, gate.ok() ? Conflict("the account was changed") : gate);
    }
    Ask(id, i);
  }
}

void Watchers::Ask(std::uint64_t id, std::size_t index) {
  Watched& watched = watches_.at(id).names[index];
  if (std::exchange(watched.asking, true)) {
    watched.again = true;
    return;
  }
  const CredentialName name = watched.name;
  broker_.Get(name, [this, id, index](const StatusOr<Credential>& answer) {
    Answered(id, index, answer);
  });
}

void Watchers::Answered(std::uint64_t id, std::size_t index,
                        const StatusOr<Credential>& answer) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  Watched& watched = watch.names[index];
  watched.asking = false;
  if (std::exchange(watched.again, false)) look_again_ = true;
  if (watch.epoch != session_.epoch()) {
    look_again_ = true;
    return;
  }
  const Status& status = answer.status();
  if (!status.ok() && status.code() != StatusCode::kNotFound) {
    if (watched.reported && WillPass(status)) return;
    return End(id, status);
  }
  Report(watch, watched, answer);
  const bool all = std::all_of(watch.names.begin(), watch.names.end(),
                               [](const Watched& w) { return w.reported; });
  if (all && !std::exchange(watch.settled, true)) watch.sink->OnSettled();
}

void Watchers::Report(Watch& watch, Watched& watched,
                      const StatusOr<Credential>& answer) {
  const bool first = !std::exchange(watched.reported, true);
  if (!answer.ok()) {
    if (first || !watched.sealed.empty()) watch.sink->OnGone(watched.name);
    watched.sealed.clear();
    return;
  }
  if (!first && !IsNews(watched, *answer)) return;
  watched.sealed = Seal(answer->value, session_.key(), watched.name.text());
  watch.sink->OnValue(*answer);
}

bool Watchers::IsNews(const Watched& watched,
                      const Credential& credential) const {
  // By value: one that was fetched again need not be another.
  if (watched.sealed.empty()) return true;
  const auto known = Open(watched.sealed, session_.key(), watched.name.text());
  return !known.ok() || !known->Equals(credential.value);
}

void Watchers::End(std::uint64_t id, const Status& why) {
  const auto watch = watches_.extract(id);
  syncer_.SetWatched(!watches_.empty());
  watch.mapped().sink->OnOver(why);
}

}  // namespace libretto
