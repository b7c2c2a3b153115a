#include "agent/core/cache_snapshot.h"

#include <algorithm>
#include <utility>

namespace libretto {
namespace {

using std::chrono::milliseconds;

// What an entry takes in a snapshot besides its value, about.
constexpr std::size_t kUsualMetadataBytes = 160;

}  // namespace

CacheSnapshot::CacheSnapshot(std::string profile, const Session& session,
                             SealedCache& cache, Broker& broker,
                             SnapshotStore& store, const Clock& clock)
    : profile_(std::move(profile)),
      session_(session),
      cache_(cache),
      broker_(broker),
      store_(store),
      clock_(clock),
      saved_at_(clock.Now()) {}

void CacheSnapshot::Restore() {
  if (!Possible() || cache_.entries() > 0) return;
  saved_at_ = clock_.Now();
  const StatusOr<std::optional<std::string>> loaded = store_.Load(MaxBytes());
  if (!loaded.ok()) return store_.Report("not used", loaded.status());
  if (!loaded->has_value()) return;
  const StatusOr<CacheFile> file =
      CacheFile::Open(**loaded, session_.key(), Owner());
  if (!file.ok()) return store_.Report("not used", file.status());
  Fill(*file);
}

void CacheSnapshot::Fill(const CacheFile& file) {
  const CacheFileFacts& facts = file.facts();
  const auto elapsed =
      std::chrono::ceil<milliseconds>(clock_.WallNow() - facts.written);
  const milliseconds max_age = broker_.max_offline();
  if (elapsed < milliseconds(0) || elapsed > max_age) {
    broker_.Resume(facts.generation, std::nullopt);
    return store_.Report(
        "not used", elapsed < milliseconds(0)
                        ? Invalid("the clock is behind the time of it")
                        : Invalid("it is older than max_offline_s allows"));
  }
  const TimePoint now = clock_.Now();
  file.ForEach([this, elapsed, max_age, now](CacheFileEntry entry) {
    entry.age += elapsed;
    if (entry.age > max_age) entry.value = {};
    if (entry.listed || !entry.value.empty()) cache_.Restore(entry, now);
  });
  std::optional<TimePoint> listed_at;
  if (facts.list_age.has_value() && *facts.list_age + elapsed <= max_age) {
    listed_at = now - *facts.list_age - elapsed;
  }
  broker_.Resume(facts.generation, listed_at);
  saved_ = Now();
}

void CacheSnapshot::Save() {
  if (!Begin()) return;
  ++writing_;
  store_.Save(Seal(), [this](const Status& status) {
    --writing_;
    Written(status);
  });
}

void CacheSnapshot::SaveNow() {
  // One that is being written may not have begun, and would not any more.
  if (writing_ > 0) saved_.reset();
  if (Begin()) Written(store_.SaveNow(Seal()));
}

bool CacheSnapshot::Begin() {
  if (IsWrong()) Remove();
  if (!Possible() || !IsOutdated()) return false;
  if (cache_.entries() == 0) {
    Remove();
    return false;
  }
  saved_ = Now();
  saved_at_ = clock_.Now();
  may_rest_ = true;
  writes_ = broker_.writes();
  return true;
}

std::string CacheSnapshot::Seal() const {
  const TimePoint now = clock_.Now();
  CacheFileFacts facts;
  facts.written = clock_.WallNow();
  facts.generation = broker_.generation();
  if (const auto listed_at = broker_.listed_at()) {
    facts.list_age = std::chrono::ceil<milliseconds>(now - *listed_at);
  }
  CacheFileWriter writer(
      facts, cache_.value_bytes() + cache_.entries() * kUsualMetadataBytes);
  cache_.Save(now,
              [&writer](const CacheFileEntry& entry) { writer.Add(entry); });
  return std::move(writer).Seal(session_.key(), Owner());
}

void CacheSnapshot::Written(const Status& status) {
  if (!status.ok()) {
    saved_.reset();
    if (!failing_) store_.Report("not written", status);
  }
  failing_ = !status.ok();
}

void CacheSnapshot::Remove() {
  saved_.reset();
  may_rest_ = false;
  writes_ = broker_.writes();
  const Status removed = store_.Remove();
  if (!removed.ok()) store_.Report("not removed", removed);
}

std::optional<TimePoint> CacheSnapshot::NextDeadline() const {
  if (IsWrong()) return clock_.Now();
  if (!Possible() || !IsOutdated() || writing_ > 0) return std::nullopt;
  return saved_at_ + Pause();
}

std::chrono::seconds CacheSnapshot::Pause() const {
  const std::size_t pauses = 1 + cache_.value_bytes() / kBytesPerPause;
  const auto after_change = kAfterChange * static_cast<std::int64_t>(pauses);
  const bool only_confirmed =
      saved_.has_value() && saved_->cache == cache_.changes();
  return only_confirmed ? std::max(kAfterList, after_change) : after_change;
}

void CacheSnapshot::Tick() {
  const auto due = NextDeadline();
  if (!due.has_value() || clock_.Now() < *due) return;
  if (IsWrong()) return Remove();
  Save();
}

bool CacheSnapshot::Possible() const {
  return session_.state() == Session::State::kSignedIn && store_.allowed();
}

bool CacheSnapshot::IsWrong() const {
  // A session that the cloud has disowned serves nothing, in no agent; and what
  // was there before a write is not seen after it, in no agent either.
  return may_rest_ && (session_.state() == Session::State::kEnded ||
                       broker_.writes() != writes_);
}

bool CacheSnapshot::IsOutdated() const {
  return saved_.has_value() ? *saved_ != Now() : cache_.entries() > 0;
}

CacheOwner CacheSnapshot::Owner() const {
  const Account& account = session_.account();
  return {profile_, account.cookie.api_url, account.user_id};
}

std::size_t CacheSnapshot::MaxBytes() const {
  return cache_.limits().bytes + kMaxMetadataBytes;
}

}  // namespace libretto
