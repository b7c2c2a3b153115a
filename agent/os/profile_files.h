// ProfileFiles: where profiles rest. The default one is ~/.libretto itself, as
// the public `libretto` command has it; NAME is ~/.libretto/profiles/NAME.
//
// Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/core/profiles.h"
#include "agent/core/sealing.h"
#include "agent/core/worker.h"

namespace libretto {

class ProfileFiles final : public ProfileStorage {
 public:
  // `worker` writes what is too much for the loop.
  ProfileFiles(std::string state_dir, const Sealing& sealing, Worker& worker)
      : state_dir_(std::move(state_dir)), sealing_(sealing), worker_(worker) {}

  std::unique_ptr<SessionStore> SessionOf(const std::string& profile) override;
  std::unique_ptr<KeyJournal> JournalOf(const std::string& profile) override;
  std::unique_ptr<SnapshotStore> SnapshotOf(
      const std::string& profile) override;
  std::vector<std::string> Names() override;

  std::string DirectoryOf(const std::string& profile) const;

 private:
  const std::string state_dir_;
  const Sealing& sealing_;
  Worker& worker_;
};

}  // namespace libretto
