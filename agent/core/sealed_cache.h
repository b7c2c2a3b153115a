// SealedCache: what the cloud last said, by name. Metadata in the clear, values
// sealed; it has no key and can open nothing. Bounded: beyond the limit on
// values or on their bytes the value that was used longest ago goes, its
// metadata stays.
//
// Loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "agent/core/remote.h"
#include "base/cache_file.h"
#include "base/clock.h"
#include "base/seal.h"

namespace libretto {

struct CacheLimits {
  std::size_t values = 50'000;
  std::size_t bytes = std::size_t{64} << 20;  // of sealed values
};

class SealedCache {
 public:
  struct Value {
    SecretBytes plain;
    TimePoint checked;         // when the cloud last confirmed it
    std::uint64_t generation;  // of this value
    bool current;              // nothing that is known contradicts it
    bool unconfirmed;  // nor this one; but no list has confirmed it since it
                       // was restored
  };
  // What came with a value from the cloud.
  struct Origin {
    std::string listed_as;  // UpdatedAt() from before the fetch began
    TimePoint began;        // the fetch
    std::uint64_t generation = 0;
  };

  // `profile` is bound into every seal.
  SealedCache(std::string profile, CacheLimits limits);

  // The cloud's list, whole, asked for at `began`. Forgets what is not in it
  // and confirms the values whose updated_at is still the one they were fetched
  // under. Returns how many entries it forgot.
  std::size_t ApplyList(std::vector<CredentialInfo> list, TimePoint began);

  // A value that was overtaken by a change is stored, but not as current.
  void Put(const CredentialName& name, const SecretBytes& value,
           const DataKey& key, const Origin& origin);

  // NotFound() when no value is held; Corrupt() when it does not open (it is
  // dropped then).
  StatusOr<Value> Get(const CredentialName& name, const DataKey& key);

  // What the last list said of `name`; nothing when it is not known.
  std::optional<CredentialInfo> Info(const CredentialName& name) const;
  std::string UpdatedAt(const CredentialName& name) const;

  // When the cloud last confirmed the value that is held.
  std::optional<TimePoint> CheckedAt(const CredentialName& name) const;

  bool HasCurrent(const CredentialName& name) const;
  bool HasValue(const CredentialName& name) const;

  // Names of the last list without a current value; of those that have a value
  // at all when `held`.
  std::vector<std::string> NotCurrent(bool held) const;

  // All names of the last list, in order.
  std::vector<CredentialInfo> List() const;

  // The value may be what it was or not: it is served only when the cloud
  // cannot be asked.
  void Doubt(const CredentialName& name);
  void DropValue(const CredentialName& name);
  void Drop(const CredentialName& name);  // the value and what is known of it
  void Clear();

  // All entries, for a file that is written `now`; those with a value first,
  // the one that was used last before the others.
  void Save(TimePoint now,
            absl::FunctionRef<void(const CacheFileEntry&)> save) const;

  // What Save() gave, in its order, into a cache that is empty otherwise;
  // entry.age counts up to `now`. A value is current again when a list confirms
  // it.
  void Restore(const CacheFileEntry& entry, TimePoint now);

  // Moves when something is held, or known, that was not before; not when it is
  // confirmed.
  std::uint64_t changes() const { return changes_; }

  std::size_t entries() const { return entries_.size(); }
  std::size_t values() const { return recent_.size(); }
  std::size_t value_bytes() const { return value_bytes_; }
  const CacheLimits& limits() const { return limits_; }

 private:
  // Small, because there may be many: the name is the map's key, and whether
  // the value is current is worked out when something is learnt.
  struct Entry {
    std::string id;
    std::string created_at;
    std::string updated_at;
    std::vector<std::byte> sealed;  // empty: no value is held
    TimePoint checked;
    std::uint64_t generation = 0;
    std::list<const std::string*>::iterator recent;  // while a value is held
    bool listed = false;
    bool current = false;
    bool unconfirmed = false;  // restored, and was current when it was saved
  };

  using Entries = std::map<std::string, Entry>;

  Entry* Find(const CredentialName& name);
  const Entry* Find(const CredentialName& name) const;
  // Empty when there is none.
  Entries::node_type Extract(const std::string& name);
  void DropValue(Entry& entry);
  std::string Binding(const std::string& name) const;

  const std::string profile_;
  const CacheLimits limits_;
  Entries entries_;
  // The keys of entries with a value, latest use first.
  std::list<const std::string*> recent_;
  std::size_t value_bytes_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace libretto
