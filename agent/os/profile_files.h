// ProfileFiles: where profiles rest. The default one is ~/.libretto itself, as
// the public `libretto` command has it; NAME is ~/.libretto/profiles/NAME.
//
// Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "agent/core/profiles.h"

namespace libretto {

class ProfileFiles final : public ProfileStorage {
 public:
  explicit ProfileFiles(std::string state_dir)
      : state_dir_(std::move(state_dir)) {}

  std::unique_ptr<SessionStore> SessionOf(const std::string& profile) override;
  std::unique_ptr<KeyJournal> JournalOf(const std::string& profile) override;

 private:
  std::string DirectoryOf(const std::string& profile) const;

  const std::string state_dir_;
};

}  // namespace libretto
