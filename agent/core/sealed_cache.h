// SealedCache: what the cloud last said, by name. Metadata in the clear, values
// sealed; it has no key and can open nothing. Bounded: beyond the limit on
// bytes the value that was used longest ago goes, its metadata stays.
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

#include "agent/core/remote.h"
#include "base/clock.h"
#include "base/seal.h"

namespace libretto {

class SealedCache {
 public:
  struct Value {
    SecretBytes plain;
    TimePoint checked;         // when the cloud last confirmed it
    std::uint64_t generation;  // of this value
    bool current;              // the last list did not contradict it
  };

  // `profile` is bound into every seal.
  SealedCache(std::string profile, std::size_t max_value_bytes);

  // The cloud's list, whole. Forgets what is not in it and confirms the values
  // whose updated_at is still the one they were fetched under. Returns how many
  // entries it forgot.
  std::size_t ApplyList(std::vector<CredentialInfo> list, TimePoint now);

  // `listed_as` is UpdatedAt() from before the fetch began: a value that was
  // overtaken by a change is stored, but not as current.
  void Put(const CredentialName& name, const SecretBytes& value,
           const DataKey& key, const std::string& listed_as, TimePoint now);

  // NotFound() when no value is held; Corrupt() when it does not open (it is
  // dropped then).
  StatusOr<Value> Get(const CredentialName& name, const DataKey& key);

  // What the last list said of `name`; nothing when it is not known.
  std::optional<CredentialInfo> Info(const CredentialName& name) const;
  std::string UpdatedAt(const CredentialName& name) const;

  // Of the value that is held; zero when there is none.
  std::uint64_t Generation(const CredentialName& name) const;

  // When the cloud last confirmed the value that is held.
  std::optional<TimePoint> CheckedAt(const CredentialName& name) const;

  // Whether a value is held that the last list does not contradict.
  bool HasCurrent(const CredentialName& name) const;
  bool HasValue(const CredentialName& name) const;

  // All names of the last list, in order.
  std::vector<CredentialInfo> List() const;

  void DropValue(const CredentialName& name);
  void Drop(const CredentialName& name);  // the value and what is known of it
  void Clear();

  std::size_t entries() const { return entries_.size(); }
  std::size_t values() const { return recent_.size(); }

 private:
  struct Entry {
    std::optional<CredentialInfo> info;
    std::vector<std::byte> sealed;  // empty: no value is held
    std::string fetched_as;         // updated_at when the fetch began
    TimePoint checked;
    std::uint64_t generation = 0;
    std::list<std::string>::iterator recent;  // valid when a value is held
  };

  static bool IsCurrent(const Entry& entry);
  void DropValue(Entry& entry);
  std::string Binding(const std::string& name) const;

  const std::string profile_;
  const std::size_t max_value_bytes_;
  std::map<std::string, Entry> entries_;
  std::list<std::string> recent_;  // names with a value, latest use first
  std::size_t value_bytes_ = 0;
  std::uint64_t generations_ = 0;
};

}  // namespace libretto
