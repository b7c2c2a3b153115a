// SnapshotFile: where the snapshot of one profile's cache rests: cache.sealed
// beside session.sealed (docs/sealed-format.md). Written on the worker's
// thread, because the disk may take its time.
//
// Loop thread only. May be destroyed while its work goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/core/cache_snapshot.h"
#include "agent/core/sealing.h"
#include "agent/core/worker.h"

namespace libretto {

class SnapshotFile final : public SnapshotStore {
 public:
  SnapshotFile(const std::string& folder, const Sealing& sealing,
               Worker& worker);

  bool allowed() const override {
    return sealing_.state() != Sealing::State::kOff;
  }
  StatusOr<std::optional<std::string>> Load(std::size_t max_bytes) override;
  void Save(std::string file, DoneStatus done) override;
  Status SaveNow(std::string_view file) override;
  // Waits for what is being written at this moment, and has nothing written
  // that waits: when it returns, there is no file and none will come.
  Status Remove() override;
  void Report(std::string_view what, const Status& why) override;

 private:
  class Disk;

  const std::shared_ptr<Disk> disk_;
  const Sealing& sealing_;
  Worker& worker_;
};

}  // namespace libretto
