// KeyFile: the journal of leased API keys, ~/.libretto/agent-keys.json. It
// holds labels and ids, never a key. The instance lock is what keeps two agents
// off it.
//
// Loop thread only.
#pragma once

#include <string>

#include "agent/core/key_lease.h"

namespace libretto {

class KeyFile final : public KeyJournal {
 public:
  explicit KeyFile(std::string path) : path_(std::move(path)) {}

  StatusOr<std::vector<JournalEntry>> Load() override;
  Status Record(const JournalEntry& entry) override;
  Status Remove(const std::string& label) override;

 private:
  Status Save(const std::vector<JournalEntry>& entries);

  const std::string path_;
};

}  // namespace libretto
