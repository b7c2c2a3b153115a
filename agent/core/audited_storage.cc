#include "agent/core/audited_storage.h"

#include <algorithm>
#include <utility>

namespace libretto {
namespace {

class AuditedJournal final : public KeyJournal {
 public:
  AuditedJournal(std::unique_ptr<KeyJournal> journal, Audit& audit)
      : journal_(std::move(journal)), audit_(audit) {}

  StatusOr<std::vector<JournalEntry>> Load() override {
    return journal_->Load();
  }

  Status Record(const JournalEntry& entry) override {
    // Without an id it is an intention.
    if (!entry.id.empty()) audit_.Record({.verb = "LeasedKey.Minted"});
    return journal_->Record(entry);
  }

  // An entry goes when its key is known to be gone: revoked, or unknown to the
  // cloud.
  Status Remove(const std::string& label) override {
    const StatusOr<std::vector<JournalEntry>> entries = journal_->Load();
    const bool was_a_key =
        entries.ok() && std::any_of(entries->begin(), entries->end(),
                                    [&label](const JournalEntry& entry) {
                                      return entry.label == label &&
                                             !entry.id.empty();
                                    });
    Status removed = journal_->Remove(label);
    if (was_a_key) audit_.Record({.verb = "LeasedKey.Revoked"});
    return removed;
  }

 private:
  const std::unique_ptr<KeyJournal> journal_;
  Audit& audit_;
};

}  // namespace

std::unique_ptr<KeyJournal> AuditedStorage::JournalOf(
    const std::string& profile) {
  return std::make_unique<AuditedJournal>(storage_.JournalOf(profile), audit_);
}

}  // namespace libretto
