#include "agent/core/profiles.h"

#include <algorithm>
#include <utility>

#include "base/credential_name.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxNameBytes = 32;

// For a profile that lives for one call: nothing rests anywhere.
class NoSession final : public SessionStore {
 public:
  StatusOr<std::optional<StoredSession>> Load() override {
    return std::optional<StoredSession>();
  }
  Status Save(const Account&, const DataKey&) override { return OkStatus(); }
  Status Clear() override { return OkStatus(); }
  std::string path() const override { return ""; }
};

class NoJournal final : public KeyJournal {
 public:
  StatusOr<std::vector<JournalEntry>> Load() override {
    return std::vector<JournalEntry>();
  }
  Status Record(const JournalEntry&) override { return OkStatus(); }
  Status Remove(const std::string&) override { return OkStatus(); }
};

class NoSnapshot final : public SnapshotStore {
 public:
  bool allowed() const override { return false; }
  StatusOr<std::optional<std::string>> Load(std::size_t) override {
    return std::optional<std::string>();
  }
  void Save(std::string, DoneStatus) override {}
  Status SaveNow(std::string_view) override { return OkStatus(); }
  Status Remove() override { return OkStatus(); }
  void Report(std::string_view, const Status&) override {}
};

}  // namespace

bool IsProfileName(const std::string& name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= kMaxNameBytes &&
         is_word(name.front()) &&
         std::all_of(name.begin(), name.end(), [&is_word](char c) {
           return is_word(c) || c == '_' || c == '-';
         });
}

Profiles::Profiles(const ProfileOptions& options, const Remotes& remotes,
                   ProfileStorage& storage, const Clock& clock,
                   Breaker::Jitter jitter)
    : options_(options),
      remotes_(remotes),
      storage_(storage),
      clock_(clock),
      breakers_(clock, std::move(jitter)),
      nowhere_(std::make_unique<NoSession>()),
      unwritten_(std::make_unique<NoJournal>()),
      unkept_(std::make_unique<NoSnapshot>()),
      last_call_(clock.Now()) {
  Make(kDefault);
}

Profiles::~Profiles() = default;

StatusOr<Profile*> Profiles::For(const CallerContext& caller,
                                 std::unique_ptr<Profile>& one_call) {
  if (!caller.api_key.empty()) {
    one_call = MakeForOneCall(caller);
    return one_call.get();
  }
  const std::string name = caller.profile.empty() ? kDefault : caller.profile;
  const auto found = profiles_.find(name);
  if (found != profiles_.end()) return found->second->profile.get();
  if (!IsProfileName(name)) {
    return Invalid(
        "a profile's name is 1 to 32 characters of a-z, 0-9, '_' and '-', and "
        "begins with a letter or a digit");
  }
  if (profiles_.size() >= kMaxProfiles) {
    return WithRemedy(Throttled("the agent acts for 64 profiles already",
                                std::chrono::seconds(0)),
                      "librettoctl agent stop");
  }
  return &Make(name);
}

Profile& Profiles::Make(const std::string& name) {
  auto named = std::make_unique<Named>();
  named->store = storage_.SessionOf(name);
  named->journal = storage_.JournalOf(name);
  named->snapshots = storage_.SnapshotOf(name);
  ProfileOptions options = options_;
  options.name = name;
  named->profile =
      std::make_unique<Profile>(options, remotes_, breakers_, *named->journal,
                                *named->store, *named->snapshots, clock_);
  return *profiles_.emplace(name, std::move(named)).first->second->profile;
}

std::unique_ptr<Profile> Profiles::MakeForOneCall(const CallerContext& caller) {
  ProfileOptions options = options_;
  options.name = "";
  // What nobody keeps in step is not served twice.
  options.max_offline = std::chrono::seconds(0);
  auto profile = std::make_unique<Profile>(
      options, remotes_, breakers_, *unwritten_, *nowhere_, *unkept_, clock_);
  profile->session.UseApiKey(
      {caller.api_url.empty() ? std::string(kHostedService) : caller.api_url,
       caller.api_key.Clone()});
  return profile;
}

Status Profiles::CheckCloud(const Profile& profile,
                            const CallerContext& caller) {
  const std::string session = profile.session.api_url();
  if (caller.api_url.empty() || session.empty() || session == caller.api_url) {
    return OkStatus();
  }
  return WithRemedy(
      Unauthenticated("nobody is logged in at " + Printable(caller.api_url) +
                      ", which LIBRETTO_API_URL names; the login is for " +
                      Printable(session)),
      "librettoctl cloud auth login, or unset LIBRETTO_API_URL");
}

void Profiles::Reload() {
  for (const auto& [name, named] : profiles_) named->profile->accounts.Reload();
}

void Profiles::HurryAll() {
  for (const auto& [name, named] : profiles_) named->profile->syncer.Hurry();
}

void Profiles::ForEach(
    absl::FunctionRef<void(const std::string&, const Profile&)> visit) const {
  for (const auto& [name, named] : profiles_) visit(name, *named->profile);
}

void Profiles::ReleaseKeys(DoneStatus done) {
  ForAll(
      [](Profile& profile, DoneStatus released) {
        profile.lease.Release(std::move(released));
      },
      std::move(done));
}

Status Profiles::TakeUpAll() {
  for (const std::string& name : storage_.Names()) {
    std::unique_ptr<Profile> none;
    CallerContext caller;
    caller.profile = name;
    const StatusOr<Profile*> profile = For(caller, none);
    if (!profile.ok()) return profile.status();
    if (Status loaded = (*profile)->accounts.Load(); !loaded.ok()) {
      return loaded;
    }
  }
  return OkStatus();
}

Status Profiles::RestoreAll() {
  Status first;
  for (const auto& [name, named] : profiles_) {
    first.Update(named->profile->accounts.Restore());
  }
  return first;
}

void Profiles::LockAll(DoneStatus released) {
  ForAll(
      [](Profile& profile, DoneStatus done) {
        profile.accounts.Lock(std::move(done));
        EndCalls(profile, profile.session.Gate());
      },
      std::move(released));
}

Status Profiles::UnlockAll() {
  Touch();
  Status first;
  for (const auto& [name, named] : profiles_) {
    first.Update(named->profile->accounts.Unlock());
  }
  return first;
}

void Profiles::ForgetAll(DoneStatus released) {
  DropCaches();
  ForAll(
      [](Profile& profile, DoneStatus done) {
        if (profile.session.state() != Session::State::kLocked) {
          profile.accounts.Forget(std::move(done));
        } else {
          std::move(done)(OkStatus());
        }
        EndCalls(profile, Conflict("the agent was made to forget everything"));
      },
      std::move(released));
}

void Profiles::DropCaches() {
  for (const auto& [name, named] : profiles_) named->profile->cache.Clear();
  RemoveSnapshots();
}

void Profiles::RemoveSnapshots() {
  for (const std::string& name : storage_.Names()) {
    if (profiles_.count(name) > 0) continue;
    const auto snapshots = storage_.SnapshotOf(name);
    const Status removed = snapshots->Remove();
    if (!removed.ok()) snapshots->Report("not removed", removed);
  }
  for (const auto& [name, named] : profiles_) named->profile->snapshot.Remove();
}

void Profiles::SaveSnapshots() {
  for (const auto& [name, named] : profiles_) {
    named->profile->snapshot.SaveNow();
  }
}

void Profiles::EndCalls(Profile& profile, const Status& why) {
  profile.watchers.Tick();
  profile.browser_login.EndAll(why);
}

void Profiles::ForAll(
    absl::FunctionRef<void(Profile& profile, DoneStatus done)> act,
    DoneStatus done) {
  struct Waiting {
    std::size_t left;
    Status failure;
    DoneStatus done;
  };
  auto waiting = std::make_shared<Waiting>(
      Waiting{profiles_.size(), OkStatus(), std::move(done)});
  for (const auto& [name, named] : profiles_) {
    act(*named->profile, [waiting](const Status& status) {
      waiting->failure.Update(status);
      if (--waiting->left == 0) std::move(waiting->done)(waiting->failure);
    });
  }
}

std::optional<TimePoint> Profiles::NextDeadline() const {
  std::optional<TimePoint> next = breakers_.NextDeadline();
  for (const auto& [name, named] : profiles_) {
    const Profile& profile = *named->profile;
    for (const auto& deadline :
         {profile.syncer.NextDeadline(), profile.watchers.NextDeadline(),
          profile.browser_login.NextDeadline(),
          profile.snapshot.NextDeadline()}) {
      if (deadline.has_value()) {
        next = std::min(next.value_or(*deadline), *deadline);
      }
    }
  }
  return next;
}

void Profiles::Tick() {
  breakers_.Tick();
  for (const auto& [name, named] : profiles_) {
    named->profile->syncer.Tick();
    named->profile->watchers.Tick();
    named->profile->browser_login.Tick();
    named->profile->snapshot.Tick();
  }
}

}  // namespace libretto
