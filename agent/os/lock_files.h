// LockFiles: the passphrase file and the count of wrong passphrases under
// ~/.libretto. Loop thread only.
#pragma once

#include <optional>
#include <string>

#include "agent/core/lock.h"
#include "agent/os/profile_files.h"

namespace libretto {

class LockFiles final : public LockStorage {
 public:
  LockFiles(std::string state_dir, ProfileFiles& profiles)
      : state_dir_(std::move(state_dir)), profiles_(profiles) {}

  StatusOr<std::optional<std::string>> Load() override;
  Status Save(std::string_view passphrase_file) override;
  Status Remove() override;
  Status Discard() override;
  int LoadFailures() override;
  void SaveFailures(int failures) override;

 private:
  std::string Path() const { return state_dir_ + "/passphrase.sealed"; }
  std::string FailuresPath() const { return state_dir_ + "/wrong-passphrases"; }

  const std::string state_dir_;
  ProfileFiles& profiles_;
};

}  // namespace libretto
