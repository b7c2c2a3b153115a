// AuditedStorage: the storage of the profiles, with a record in the audit log
// for each API key that the agent leases and gives up: it does both by itself,
// without a caller. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/core/audit.h"
#include "agent/core/profiles.h"

namespace libretto {

class AuditedStorage final : public ProfileStorage {
 public:
  AuditedStorage(ProfileStorage& storage, Audit& audit)
      : storage_(storage), audit_(audit) {}

  std::unique_ptr<SessionStore> SessionOf(const std::string& profile) override {
    return storage_.SessionOf(profile);
  }
  std::unique_ptr<KeyJournal> JournalOf(const std::string& profile) override;
  std::unique_ptr<SnapshotStore> SnapshotOf(
      const std::string& profile) override {
    return storage_.SnapshotOf(profile);
  }
  std::vector<std::string> Names() override { return storage_.Names(); }

 private:
  ProfileStorage& storage_;
  Audit& audit_;
};

}  // namespace libretto
