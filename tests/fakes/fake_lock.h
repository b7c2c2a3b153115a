// What a lock keeps on disk, in memory, and a worker without a thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/lock.h"
#include "agent/core/worker.h"

namespace libretto::testing {

class FakeLock final : public LockStorage {
 public:
  std::optional<std::string> file;
  int failures = 0;
  bool broken = false;
  bool full_disk = false;
  bool discarded = false;

  StatusOr<std::optional<std::string>> Load() override {
    if (broken) return Corrupt("passphrase.sealed cannot be used");
    return file;
  }
  Status Save(std::string_view passphrase_file) override {
    if (full_disk) return Internal("no space left on device");
    file = std::string(passphrase_file);
    return OkStatus();
  }
  Status Remove() override {
    file.reset();
    return OkStatus();
  }
  Status Discard() override {
    discarded = true;
    return Remove();
  }
  int LoadFailures() override { return failures; }
  void SaveFailures(int count) override { failures = count; }
};

// Works at once, on the test's own thread; or, while `held`, when it is told.
class InlineWorker final : public Worker {
 public:
  bool held = false;

  void Run(Work work) override {
    if (held) {
      waiting_.push_back(std::move(work));
    } else {
      std::move(work)()();
    }
  }
  void Work1() {
    Work work = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    std::move(work)()();
  }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::vector<Work> waiting_;
};

}  // namespace libretto::testing
