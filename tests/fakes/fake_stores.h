// What an agent keeps on disk, in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/accounts.h"
#include "agent/core/cache_snapshot.h"
#include "agent/core/key_lease.h"
#include "agent/core/profiles.h"
#include "agent/core/sealing.h"

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
  const Sealing* sealing = nullptr;  // null: sessions rest in the clear
  bool sealed = false;               // the form in which `stored` rests
  std::optional<SecretBytes> data_key;

  StatusOr<std::optional<StoredSession>> Load() override {
    if (is(Sealing::State::kLocked)) return Locked("the agent is locked");
    if (broken) return Corrupt("auth.json cannot be understood");
    if (!stored.has_value()) return std::optional<StoredSession>();
    std::optional<DataKey> key;
    if (is(Sealing::State::kOpen)) {
      sealed = true;
      if (!data_key.has_value()) data_key = DataKey::Generate().Copy();
      key = DataKey::FromBytes(*data_key).value();
    }
    return std::optional<StoredSession>(
        StoredSession{stored->Clone(), std::move(key)});
  }
  Status Save(const Account& account, const DataKey& key) override {
    if (is(Sealing::State::kLocked)) return Locked("the agent is locked");
    if (full_disk) return Internal("no space left on device");
    stored = account.Clone();
    sealed = is(Sealing::State::kOpen);
    data_key.reset();
    if (sealed) data_key = key.Copy();
    return OkStatus();
  }
  Status Clear() override {
    stored.reset();
    return OkStatus();
  }
  std::string path() const override { return "auth.json"; }

 private:
  bool is(Sealing::State state) const {
    return sealing != nullptr && sealing->state() == state;
  }
};

class FakeSnapshotStore final : public SnapshotStore {
 public:
  std::optional<std::string> file;
  int saves = 0;
  bool full_disk = false;
  // What was saved waits for the test to say Write().
  bool held = false;
  std::vector<std::string> reports;
  const Sealing* sealing = nullptr;  // null: no passphrase is enrolled

  bool allowed() const override {
    return sealing != nullptr && sealing->state() != Sealing::State::kOff;
  }
  StatusOr<std::optional<std::string>> Load(std::size_t max_bytes) override {
    if (file.has_value() && file->size() > max_bytes) {
      return Invalid("cache.sealed is too large");
    }
    return file;
  }
  void Save(std::string content, DoneStatus done) override {
    waiting_ = [this, content = std::move(content),
                done = std::move(done)]() mutable {
      std::move(done)(SaveNow(content));
    };
    if (!held) Write();
  }
  void Write() { std::move(std::exchange(waiting_, nullptr))(); }
  Status SaveNow(std::string_view content) override {
    if (full_disk) return Internal("no space left on device");
    file = std::string(content);
    ++saves;
    return OkStatus();
  }
  Status Remove() override {
    file.reset();
    return OkStatus();
  }
  void Report(std::string_view what, const Status& why) override {
    reports.push_back(std::string(what) + ": " + Message(why));
  }

 private:
  absl::AnyInvocable<void() &&> waiting_;
};

// Hands out views of disks that the test keeps, one set for each profile.
class FakeStorage final : public ProfileStorage {
 public:
  std::map<std::string, FakeSessionStore> sessions;
  std::map<std::string, FakeJournal> journals;
  std::map<std::string, FakeSnapshotStore> snapshots;

  const Sealing* sealing = nullptr;

  std::vector<std::string> Names() override {
    std::vector<std::string> names;
    for (const auto& [name, session] : sessions) names.push_back(name);
    return names;
  }
  std::unique_ptr<SessionStore> SessionOf(const std::string& name) override {
    sessions[name].sealing = sealing;
    return std::make_unique<SessionView>(sessions[name]);
  }
  std::unique_ptr<KeyJournal> JournalOf(const std::string& name) override {
    return std::make_unique<JournalView>(journals[name]);
  }
  std::unique_ptr<SnapshotStore> SnapshotOf(const std::string& name) override {
    snapshots[name].sealing = sealing;
    return std::make_unique<SnapshotView>(snapshots[name]);
  }

 private:
  class SessionView final : public SessionStore {
   public:
    explicit SessionView(FakeSessionStore& disk) : disk_(disk) {}
    StatusOr<std::optional<StoredSession>> Load() override {
      return disk_.Load();
    }
    Status Save(const Account& account, const DataKey& key) override {
      return disk_.Save(account, key);
    }
    Status Clear() override { return disk_.Clear(); }
    std::string path() const override { return disk_.path(); }

   private:
    FakeSessionStore& disk_;
  };
  class SnapshotView final : public SnapshotStore {
   public:
    explicit SnapshotView(FakeSnapshotStore& disk) : disk_(disk) {}
    bool allowed() const override { return disk_.allowed(); }
    StatusOr<std::optional<std::string>> Load(std::size_t max_bytes) override {
      return disk_.Load(max_bytes);
    }
    void Save(std::string file, DoneStatus done) override {
      disk_.Save(std::move(file), std::move(done));
    }
    Status SaveNow(std::string_view file) override {
      return disk_.SaveNow(file);
    }
    Status Remove() override { return disk_.Remove(); }
    void Report(std::string_view what, const Status& why) override {
      disk_.Report(what, why);
    }

   private:
    FakeSnapshotStore& disk_;
  };
  class JournalView final : public KeyJournal {
   public:
    explicit JournalView(FakeJournal& disk) : disk_(disk) {}
    StatusOr<std::vector<JournalEntry>> Load() override { return disk_.Load(); }
    Status Record(const JournalEntry& entry) override {
      return disk_.Record(entry);
    }
    Status Remove(const std::string& label) override {
      return disk_.Remove(label);
    }

   private:
    FakeJournal& disk_;
  };
};

}  // namespace libretto::testing
