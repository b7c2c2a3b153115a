#include "agent/os/profile_files.h"

#include "agent/os/auth_file.h"
#include "agent/os/key_file.h"

namespace libretto {

std::unique_ptr<SessionStore> ProfileFiles::SessionOf(
    const std::string& profile) {
  return std::make_unique<AuthFile>(DirectoryOf(profile) + "/auth.json");
}

std::unique_ptr<KeyJournal> ProfileFiles::JournalOf(
    const std::string& profile) {
  return std::make_unique<KeyFile>(DirectoryOf(profile) + "/agent-keys.json");
}

std::string ProfileFiles::DirectoryOf(const std::string& profile) const {
  return profile == Profiles::kDefault ? state_dir_
                                       : state_dir_ + "/profiles/" + profile;
}

}  // namespace libretto
