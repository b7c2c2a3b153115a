#include "agent/os/profile_files.h"

#include <filesystem>
#include <system_error>

#include "agent/os/key_file.h"
#include "agent/os/session_files.h"
#include "agent/os/snapshot_file.h"

namespace libretto {

std::unique_ptr<SessionStore> ProfileFiles::SessionOf(
    const std::string& profile) {
  return std::make_unique<SessionFiles>(DirectoryOf(profile), profile,
                                        sealing_);
}

std::unique_ptr<KeyJournal> ProfileFiles::JournalOf(
    const std::string& profile) {
  return std::make_unique<KeyFile>(DirectoryOf(profile) + "/agent-keys.json");
}

std::unique_ptr<SnapshotStore> ProfileFiles::SnapshotOf(
    const std::string& profile) {
  return std::make_unique<SnapshotFile>(DirectoryOf(profile), sealing_,
                                        worker_);
}

std::vector<std::string> ProfileFiles::Names() {
  std::vector<std::string> names = {Profiles::kDefault};
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(state_dir_ + "/profiles", ignored)) {
    std::string name = entry.path().filename().string();
    if (IsProfileName(name)) names.push_back(std::move(name));
  }
  return names;
}

std::string ProfileFiles::DirectoryOf(const std::string& profile) const {
  return profile == Profiles::kDefault ? state_dir_
                                       : state_dir_ + "/profiles/" + profile;
}

}  // namespace libretto
