// Profiles: the accounts that one agent acts for, side by side, by name; and
// for a caller who brings an API key of their own, a profile that lives for one
// call, caches nothing and is seen by nobody else.
//
// Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "agent/core/profile.h"

namespace libretto {

// What a caller's environment says about one call (proto's Context).
struct CallerContext {
  std::string profile;  // empty: "default"
  std::string api_url;  // empty: the session's own
  SecretBytes api_key;  // empty: the session
};

// [a-z0-9][a-z0-9_-]{0,31}
bool IsProfileName(const std::string& name);

// Where the profiles rest.
class ProfileStorage {
 public:
  virtual ~ProfileStorage() = default;
  virtual std::unique_ptr<SessionStore> SessionOf(
      const std::string& profile) = 0;
  virtual std::unique_ptr<KeyJournal> JournalOf(const std::string& profile) = 0;
  virtual std::unique_ptr<SnapshotStore> SnapshotOf(
      const std::string& profile) = 0;
  // Of every profile that may have a session there.
  virtual std::vector<std::string> Names() = 0;
};

class Profiles final : public Ticker {
 public:
  static constexpr std::size_t kMaxProfiles = 64;
  static constexpr const char* kDefault = "default";

  Profiles(const ProfileOptions& options, const Remotes& remotes,
           ProfileStorage& storage, const Clock& clock,
           Breaker::Jitter jitter = RandomFraction);
  ~Profiles() override;
  Profiles(const Profiles&) = delete;
  Profiles& operator=(const Profiles&) = delete;

  // The profile that a call acts for. When the caller brings a key, it is put
  // into `one_call`, to be kept until the call has ended, and not destroyed
  // from within one of its own completions.
  StatusOr<Profile*> For(const CallerContext& caller,
                         std::unique_ptr<Profile>& one_call);

  Profile& Default() { return *profiles_.at(kDefault)->profile; }

  // OK when the profile's session is for the cloud that the caller means.
  static Status CheckCloud(const Profile& profile, const CallerContext& caller);

  // The sessions at rest may have changed.
  void Reload();

  // The machine has slept: what is held may have changed meanwhile.
  void HurryAll();

  // By name; profiles that live for one call are not among them.
  void ForEach(
      absl::FunctionRef<void(const std::string&, const Profile&)> visit) const;

  // Has every leased key revoke itself; the first failure.
  void ReleaseKeys(DoneStatus done);

  // All profiles at once, those that only rest on disk among them with
  // TakeUpAll(); of several failures the first. See Accounts.
  Status TakeUpAll();
  Status RestoreAll();
  void LockAll(DoneStatus released);
  Status UnlockAll();
  void ForgetAll(DoneStatus released);

  // What is cached, in memory and on disk; on disk alone; and before the agent
  // stops, on disk what is in memory.
  void DropCaches();
  void RemoveSnapshots();
  void SaveSnapshots();

  // When a caller last needed a session.
  TimePoint last_call() const { return last_call_; }
  void Touch() { last_call_ = clock_.Now(); }

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  struct Named {
    std::unique_ptr<SessionStore> store;
    std::unique_ptr<KeyJournal> journal;
    std::unique_ptr<SnapshotStore> snapshots;
    std::unique_ptr<Profile> profile;
  };

  // Ends what callers wait for in a profile that has nothing for them any more.
  static void EndCalls(Profile& profile, const Status& why);
  // `done` when each profile is: the first failure.
  void ForAll(absl::FunctionRef<void(Profile& profile, DoneStatus done)> act,
              DoneStatus done);

  Profile& Make(const std::string& name);
  std::unique_ptr<Profile> MakeForOneCall(const CallerContext& caller);

  const ProfileOptions options_;
  const Remotes remotes_;
  ProfileStorage& storage_;
  const Clock& clock_;
  Breakers breakers_;
  std::unique_ptr<SessionStore> nowhere_;
  std::unique_ptr<KeyJournal> unwritten_;
  std::unique_ptr<SnapshotStore> unkept_;
  std::map<std::string, std::unique_ptr<Named>> profiles_;
  TimePoint last_call_;
};

}  // namespace libretto
