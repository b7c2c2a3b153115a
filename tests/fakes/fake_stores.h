// What an agent keeps on disk, in memory.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/accounts.h"
#include "agent/core/key_lease.h"

namespace libretto::testing {

class FakeJournal final : public KeyJournal {
 public:
  std::vector<JournalEntry> entries;
  bool full_disk = false;

  StatusOr<std::vector<JournalEntry>> Load() override { return entries; }
  Status Record(const JournalEntry& entry) override {
    if (full_disk) return Internal("no space left on device");
    (void)Remove(entry.label);
    entries.push_back(entry);
    return OkStatus();
  }
  Status Remove(const std::string& label) override {
    std::erase_if(entries, [&label](const JournalEntry& entry) {
      return entry.label == label;
    });
    return OkStatus();
  }
};

class FakeSessionStore final : public SessionStore {
 public:
  std::optional<Account> stored;
  bool broken = false;
  bool full_disk = false;

  StatusOr<std::optional<Account>> Load() override {
    if (broken) return Corrupt("auth.json cannot be understood");
    if (!stored.has_value()) return std::optional<Account>();
    return std::optional<Account>(stored->Clone());
  }
  Status Save(const Account& account) override {
    if (full_disk) return Internal("no space left on device");
    stored = account.Clone();
    return OkStatus();
  }
  Status Clear() override {
    stored.reset();
    return OkStatus();
  }
  std::string path() const override { return "auth.json"; }
};

}  // namespace libretto::testing
