// Broker: the one way to a credential. It asks, in this order and nowhere else:
// is anybody signed in, is the value in the cache, will the cloud give it. One
// fetch is in flight for a name, whoever asks; a caller that gives up does not
// end it for the others.
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

#include "agent/core/key_lease.h"
#include "agent/core/remote.h"
#include "agent/core/sealed_cache.h"
#include "agent/core/session.h"
#include "base/clock.h"

namespace libretto {

struct Credential {
  enum class Source { kMemory, kCloud, kStale };

  std::string name;
  SecretBytes value;
  std::chrono::milliseconds age{0};  // since the cloud last confirmed it
  Source source = Source::kCloud;
  std::uint64_t generation = 0;
};

struct Listing {
  std::vector<CredentialInfo> credentials;  // ordered by name
  std::size_t dropped = 0;  // entries that this list made the cache forget
  bool stale = false;       // the cloud cannot be reached; what it said last
};

struct CredentialChange {
  std::optional<SecretBytes> value;
  std::optional<CredentialName> new_name;
};

class Broker {
 public:
  static constexpr std::size_t kMaxValueBytes = std::size_t{64} << 10;

  struct Counters {
    std::int64_t hits = 0;
    std::int64_t misses = 0;
    std::optional<WallTime> last_list;
    std::optional<WallTime> offline_since;
  };

  // A cached value that the cloud has not confirmed for `max_offline` is not
  // served any more.
  Broker(Session& session, KeyLease& lease, SealedCache& cache,
         CredentialRemote& remote, const Clock& clock,
         std::chrono::seconds max_offline);

  // The name that a person means by `text`: what the rule makes of it, or the
  // exact spelling of a name that is in the cloud and breaks the rule.
  void Resolve(std::string_view text, Done<CredentialName> done);

  void Get(const CredentialName& name, Done<Credential> done);
  // As Get(), but with the one-time code of this moment in the place of the
  // seed, which does not leave the agent.
  void GetOneTimeCode(const CredentialName& name, Done<Credential> done);
  void List(Done<Listing> done);

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
  std::chrono::seconds max_offline() const { return max_offline_; }
  // Whether the cloud has said which credentials there are.
  bool has_listed() const { return listed_epoch_ == session_.epoch(); }

  // Moves when a list was applied or something written: a later Get() may say
  // something else than an earlier one did.
  std::uint64_t changes() const { return last_applied_; }

 private:
  struct Fetch {
    std::uint64_t epoch;
    std::string listed_as;
    std::vector<Done<Credential>> waiters;
  };

  std::optional<Credential> FromCache(const CredentialName& name,
                                      bool overtaken_too);
  void JoinFetch(const CredentialName& name, Done<Credential> done);
  void FinishFetch(const CredentialName& name, std::uint64_t id,
                   StatusOr<SecretBytes> value);
  StatusOr<Credential> Outcome(const CredentialName& name, const Fetch& fetch,
                               bool keep, StatusOr<SecretBytes> value);
  StatusOr<CredentialName> ResolveFromList(std::string_view text) const;
  void FindId(const CredentialName& name, Done<std::string> done);
  void UpdateById(const CredentialName& name, std::string id,
                  CredentialChange change, Done<std::string> done);
  void DeleteById(const CredentialName& name, std::string id, DoneStatus done);
  void NoteWrite(const CredentialName& name, const Status& status);
  void NoteReachability(const Status& status);

  Session& session_;
  KeyLease& lease_;
  SealedCache& cache_;
  CredentialRemote& remote_;
  const Clock& clock_;
  const std::chrono::seconds max_offline_;
  Counters counters_;

  std::uint64_t fetch_ids_ = 0;
  std::map<std::uint64_t, Fetch> fetches_;
  // The fetch that a new caller may join. A write takes it away: what was asked
  // before the write may be answered with the old value, never what comes
  // after.
  std::map<std::string, std::uint64_t> joinable_;

  // A list that began before a write, or before one that was applied already,
  // is answered but not applied.
  std::uint64_t list_ids_ = 0;
  std::uint64_t last_applied_ = 0;
  std::optional<std::uint64_t> listed_epoch_;
};

}  // namespace libretto
