// CacheSnapshot: keeps a sealed copy of a profile's cache on disk, so that an
// agent that was started again can serve while the cloud is away. Only where a
// passphrase is enrolled: without one, the key to it would lie beside it.
//
// What is restored counts as not confirmed, and its age goes on by the time of
// day, the one clock that a restart does not begin anew.
//
// Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/broker.h"
#include "agent/core/sealed_cache.h"
#include "agent/core/session.h"
#include "base/cache_file.h"
#include "base/clock.h"

namespace libretto {

// Where the snapshot of one profile rests.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  // Whether one may rest there: a passphrase is enrolled.
  virtual bool allowed() const = 0;

  // Nothing when there is none.
  virtual StatusOr<std::optional<std::string>> Load(std::size_t max_bytes) = 0;

  // Replaces it off the loop; `done` runs on the loop, later or never when the
  // agent stops before. What was overtaken meanwhile, by another Save() or a
  // Remove(), is not written and no failure.
  virtual void Save(std::string file, DoneStatus done) = 0;
  // The same, on disk when this returns.
  virtual Status SaveNow(std::string_view file) = 0;
  virtual Status Remove() = 0;

  // Has the log say, in one line, that the snapshot was "not used", ...
  virtual void Report(std::string_view what, const Status& why) = 0;
};

class CacheSnapshot final : public Ticker {
 public:
  // Between two snapshots, after a change. Sealing one holds the loop for some
  // milliseconds for each MiB: so much longer for each kBytesPerPause.
  static constexpr std::chrono::seconds kAfterChange{30};
  static constexpr std::size_t kBytesPerPause = std::size_t{4} << 20;
  // When nothing has happened but that the cloud has confirmed everything.
  static constexpr std::chrono::seconds kAfterList{600};
  // Of names, times and ids; values have the limit of the cache.
  static constexpr std::size_t kMaxMetadataBytes = std::size_t{64} << 20;

  CacheSnapshot(std::string profile, const Session& session, SealedCache& cache,
                Broker& broker, SnapshotStore& store, const Clock& clock);

  // The session has opened: the cache is filled, if it is empty. A snapshot
  // that cannot be used changes nothing.
  void Restore();

  // While the key is still there: seals what is newer than the last snapshot
  // before it returns; it is written behind that.
  void Save();
  // The same, and it is on disk then: the agent stops.
  void SaveNow();

  void Remove();

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  // What a snapshot has in it.
  struct Seen {
    std::uint64_t cache = 0;
    std::uint64_t lists = 0;
    bool operator==(const Seen&) const = default;
  };

  Seen Now() const { return {cache_.changes(), broker_.changes()}; }
  bool Possible() const;
  bool IsWrong() const;
  bool IsOutdated() const;
  std::chrono::seconds Pause() const;
  bool Begin();
  std::string Seal() const;
  void Fill(const CacheFile& file);
  void Written(const Status& status);
  CacheOwner Owner() const;
  std::size_t MaxBytes() const;

  const std::string profile_;
  const Session& session_;
  SealedCache& cache_;
  Broker& broker_;
  SnapshotStore& store_;
  const Clock& clock_;
  std::optional<Seen> saved_;
  TimePoint saved_at_;
  int writing_ = 0;
  bool failing_ = false;
  bool may_rest_ = true;      // there may be one on disk
  std::uint64_t writes_ = 0;  // that it knows of
};

}  // namespace libretto
