// Broker: the one way to a credential. It asks, in this order and nowhere else:
// is anybody signed in, is the value in the cache, will the cloud give it. One
// fetch is in flight for a name, whoever asks; a caller that gives up does not
// end it for the others. What the cloud cannot say just now is answered from
// memory, up to a limit, and called stale.
//
// Loop thread only. Completions run on the loop, possibly before the call has
// returned.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/breaker.h"
#include "agent/core/key_lease.h"
#include "agent/core/remote.h"
#include "agent/core/sealed_cache.h"
#include "agent/core/session.h"
#include "base/clock.h"

namespace libretto {

struct Credential {
  enum class Source {
    kMemory,
    kCloud,
    kStale,  // from memory; the cloud has not confirmed it when it should have
  };

  std::string name;
  SecretBytes value;
  std::chrono::milliseconds age{0};  // since the cloud last confirmed it
  Source source = Source::kCloud;
  std::uint64_t generation = 0;  // grows whenever the value changes
};

// What a caller accepts. By default: whatever the agent takes for right.
struct Freshness {
  // Nothing that the cloud confirmed longer ago than this.
  std::optional<std::chrono::milliseconds> max_age;
  // The cloud is asked before the memory; what it confirmed before serves only
  // when it cannot be asked.
  bool ask_first = false;
};

struct Listing {
  std::vector<CredentialInfo> credentials = {};  // ordered by name
  std::size_t known = 0;                         // how many there are
  std::size_t dropped = 0;  // entries that it made the cache forget
  // Not OK: why the cloud could not be asked; this is what it said last.
  Status stale_because = OkStatus();
};

struct CredentialChange {
  std::optional<SecretBytes> value;
  std::optional<CredentialName> new_name;
};

struct BrokerOptions {
  std::string profile;  // whose breakers these are
  // A cached value that the cloud has not confirmed for so long is not served
  // any more.
  std::chrono::seconds max_offline{std::chrono::hours(24)};
  // One that it has not confirmed for so long, though it is asked more often
  // than that, is called stale.
  std::chrono::seconds stale_after{std::chrono::minutes(6)};
};

Status NoSuchCredential(const CredentialName& name);

class Broker {
 public:
  static constexpr std::size_t kMaxValueBytes = std::size_t{64} << 10;
  // How long "there is no such credential" is remembered.
  static constexpr std::chrono::seconds kAbsentFor{3};
  static constexpr std::size_t kMaxAbsent = 1024;

  struct Counters {
    std::int64_t hits = 0;
    std::int64_t misses = 0;
    std::optional<WallTime> last_list;
    std::optional<WallTime> offline_since;
  };

  Broker(Session& session, KeyLease& lease, SealedCache& cache,
         Breakers& breakers, CredentialRemote& remote, const Clock& clock,
         BrokerOptions options);

  // The name that a person means by `text`: what the rule makes of it, or the
  // exact spelling of a name that is in the cloud and breaks the rule.
  void Resolve(std::string_view text, Done<CredentialName> done);

  void Get(const CredentialName& name, const Freshness& wanted,
           Done<Credential> done);
  void Get(const CredentialName& name, Done<Credential> done) {
    Get(name, Freshness(), std::move(done));
  }
  // As Get(), but with the one-time code of this moment in the place of the
  // seed, which does not leave the agent.
  void GetOneTimeCode(const CredentialName& name, const Freshness& wanted,
                      Done<Credential> done);
  void List(Done<Listing> done,
            Breaker::Urgency urgency = Breaker::Urgency::kUsual) {
    AskForList(/*wanted=*/true, urgency, std::move(done));
  }
  // As List(), for who wants the cache to know, and no copy of it all.
  void Refresh(Done<Listing> done, Breaker::Urgency urgency) {
    AskForList(/*wanted=*/false, urgency, std::move(done));
  }

  // Makes sure that the cache holds what the cloud has now.
  void Prefetch(const CredentialName& name, DoneStatus done);

  // These complete when every later Get() and List() will see them. Create()
  // and Update() complete with the credential's id.
  void Create(const CredentialName& name, SecretBytes value,
              Done<std::string> done);
  void Update(const CredentialName& name, CredentialChange change,
              Done<std::string> done);
  void Delete(const CredentialName& name, DoneStatus done);
  void Upsert(const CredentialName& name, SecretBytes value,
              Done<Upserted> done);

  const Counters& counters() const { return counters_; }
  std::chrono::seconds max_offline() const { return options_.max_offline; }
  // Whether the cloud has said which credentials there are.
  bool has_listed() const {
    return listed_account_ == session_.account_epoch();
  }

  // Nothing when no request has been made yet.
  const Breaker* breaker() const;

  // For a cache that is kept over a restart: when the last list of this account
  // began, and the largest generation that was handed out.
  std::optional<TimePoint> listed_at() const {
    return has_listed() ? std::optional(listed_at_) : std::nullopt;
  }
  std::uint64_t generation() const { return generation_; }
  // Goes on from there.
  void Resume(std::uint64_t generation, std::optional<TimePoint> listed_at);

  // Moves when a list was applied or something written: a later Get() may say
  // something else than an earlier one did.
  std::uint64_t changes() const { return last_applied_; }

  // How many writes have succeeded.
  std::uint64_t writes() const { return writes_; }

 private:
  using MaxAge = std::optional<std::chrono::milliseconds>;
  struct Waiter {
    Done<Credential> done;
    MaxAge max_age = std::nullopt;
    bool memory_will_do = true;  // while the cloud cannot be asked
  };
  struct Fetch {
    std::uint64_t epoch;
    SealedCache::Origin origin;
    std::vector<Waiter> waiters;
    // For whom this one began too early: they share the next.
    std::vector<Waiter> too_early_for;
  };
  struct Absent {
    TimePoint until;
    std::uint64_t epoch;
  };

  std::optional<Credential> FromCache(const CredentialName& name,
                                      const MaxAge& max_age,
                                      bool cloud_is_away);
  bool IsKnownAbsent(const CredentialName& name) const;
  void RememberAbsent(const CredentialName& name, TimePoint since);
  // Joins the fetch in flight unless that began longer ago than `accepted`.
  void JoinFetch(const CredentialName& name, const MaxAge& accepted,
                 Waiter waiter);
  void StartFetch(const CredentialName& name, std::vector<Waiter> waiters);
  void FinishFetch(const CredentialName& name, std::uint64_t id,
                   StatusOr<SecretBytes> value);
  StatusOr<Credential> Outcome(const CredentialName& name, const Fetch& fetch,
                               bool keep, StatusOr<SecretBytes> value);
  void Answer(const CredentialName& name, std::vector<Waiter> waiters,
              const StatusOr<Credential>& outcome);
  StatusOr<Credential> InPlaceOf(const Status& failure,
                                 const CredentialName& name,
                                 const Waiter& waiter);
  struct ListRequest {
    std::uint64_t id;
    std::uint64_t epoch;
    TimePoint began;
    bool wanted;  // the credentials, and not only how many
  };
  void AskForList(bool wanted, Breaker::Urgency urgency, Done<Listing> done);
  StatusOr<Listing> FinishList(const ListRequest& request,
                               StatusOr<std::vector<CredentialInfo>> list);
  StatusOr<Listing> LastListing(const Status& why, bool wanted) const;
  StatusOr<CredentialName> ResolveFromList(std::string_view text) const;
  void FindId(const CredentialName& name, Done<std::string> done);
  void UpdateById(const CredentialName& name, std::string id,
                  CredentialChange change, Done<std::string> done);
  void DeleteById(const CredentialName& name, std::string id, DoneStatus done);
  void NoteWrite(const CredentialName& name, const Status& status);
  void NoteReachability(const Status& status);
  std::uint64_t NextGeneration();
  Breaker& OwnBreaker();

  Session& session_;
  KeyLease& lease_;
  SealedCache& cache_;
  Breakers& breakers_;
  CredentialRemote& remote_;
  const Clock& clock_;
  const BrokerOptions options_;
  Counters counters_;
  std::uint64_t generation_ = 0;
  std::uint64_t writes_ = 0;

  std::uint64_t fetch_ids_ = 0;
  std::map<std::uint64_t, Fetch> fetches_;
  // The fetch that a new caller may join. A write takes it away: what was asked
  // before the write may be answered with the old value, never what comes
  // after.
  std::map<std::string, std::uint64_t> joinable_;
  std::map<std::string, Absent> absent_;

  // A list that began before a write, or before one that was applied already,
  // is answered but not applied.
  std::uint64_t list_ids_ = 0;
  std::uint64_t last_applied_ = 0;
  std::optional<std::uint64_t> listed_account_;
  TimePoint listed_at_;
};

}  // namespace libretto
