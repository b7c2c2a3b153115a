#include "agent/core/sealed_cache.h"

#include <algorithm>
#include <utility>

namespace libretto {

SealedCache::SealedCache(std::string profile, CacheLimits limits)
    : profile_(std::move(profile)), limits_(limits) {}

std::size_t SealedCache::ApplyList(std::vector<CredentialInfo> list,
                                   TimePoint began) {
  const std::size_t before = entries_.size();
  std::size_t created = 0;
  bool changed = false;
  Entries kept;
  for (CredentialInfo& info : list) {
    // Clouds list in order of name: what comes next is at the front of the one
    // and goes to the end of the other, and nothing has to be searched for.
    auto node = Extract(info.name);
    const bool is_known = !node.empty();
    const std::size_t kept_before = kept.size();
    const auto at = is_known ? kept.insert(kept.end(), std::move(node))
                             : kept.try_emplace(kept.end(), info.name);
    // Neither: the list has it twice.
    if (!is_known && kept.size() > kept_before) ++created;
    Entry& entry = at->second;
    // A name that was never listed was fetched under no updated_at at all, and
    // a cloud that tells none confirms nothing.
    const bool was_current = entry.current || entry.unconfirmed;
    entry.current = was_current && entry.listed && !info.updated_at.empty() &&
                    info.updated_at == entry.updated_at;
    entry.unconfirmed = false;
    changed = changed || !entry.listed || entry.current != was_current ||
              info.id != entry.id || info.created_at != entry.created_at ||
              info.updated_at != entry.updated_at;
    if (entry.current) entry.checked = std::max(entry.checked, began);
    entry.listed = true;
    entry.id = std::move(info.id);
    entry.created_at = std::move(info.created_at);
    entry.updated_at = std::move(info.updated_at);
  }
  if (changed || !entries_.empty()) ++changes_;
  for (auto& [name, entry] : entries_) DropValue(entry);
  entries_ = std::move(kept);
  return before + created - entries_.size();
}

void SealedCache::Put(const CredentialName& name, const SecretBytes& value,
                      const DataKey& key, const Origin& origin) {
  const auto found = entries_.try_emplace(name.text()).first;
  Entry& entry = found->second;
  DropValue(entry);
  entry.sealed = Seal(value, key, Binding(name.text()));
  entry.current = origin.listed_as == entry.updated_at;
  entry.checked = origin.began;
  entry.generation = origin.generation;
  entry.recent = recent_.insert(recent_.begin(), &found->first);
  value_bytes_ += entry.sealed.size();
  ++changes_;
  while (value_bytes_ > limits_.bytes || recent_.size() > limits_.values) {
    DropValue(entries_.at(*recent_.back()));
  }
}

StatusOr<SealedCache::Value> SealedCache::Get(const CredentialName& name,
                                              const DataKey& key) {
  Entry* const entry = Find(name);
  if (entry == nullptr || entry->sealed.empty()) return NotFound("not cached");
  StatusOr<SecretBytes> plain = Open(entry->sealed, key, Binding(name.text()));
  if (!plain.ok()) {
    DropValue(*entry);
    return plain.status();
  }
  recent_.splice(recent_.begin(), recent_, entry->recent);
  return Value{*std::move(plain), entry->checked, entry->generation,
               entry->current, entry->unconfirmed};
}

std::optional<CredentialInfo> SealedCache::Info(
    const CredentialName& name) const {
  const Entry* const entry = Find(name);
  if (entry == nullptr || !entry->listed) return std::nullopt;
  return CredentialInfo{entry->id, name.text(), entry->created_at,
                        entry->updated_at};
}

std::string SealedCache::UpdatedAt(const CredentialName& name) const {
  const Entry* const entry = Find(name);
  return entry == nullptr ? "" : entry->updated_at;
}

std::optional<TimePoint> SealedCache::CheckedAt(
    const CredentialName& name) const {
  if (!HasValue(name)) return std::nullopt;
  return entries_.at(name.text()).checked;
}

bool SealedCache::HasCurrent(const CredentialName& name) const {
  return HasValue(name) && Find(name)->current;
}

bool SealedCache::HasValue(const CredentialName& name) const {
  const Entry* const entry = Find(name);
  return entry != nullptr && !entry->sealed.empty();
}

std::vector<std::string> SealedCache::NotCurrent(bool held) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (!entry.listed || entry.current) continue;
    if (!held || !entry.sealed.empty()) names.push_back(name);
  }
  return names;
}

std::vector<CredentialInfo> SealedCache::List() const {
  std::vector<CredentialInfo> list;
  for (const auto& [name, entry] : entries_) {
    if (!entry.listed) continue;
    list.push_back({entry.id, name, entry.created_at, entry.updated_at});
  }
  return list;
}

void SealedCache::Doubt(const CredentialName& name) {
  Entry* const entry = Find(name);
  if (entry == nullptr) return;
  if (entry->current || entry->unconfirmed) ++changes_;
  entry->current = false;
  entry->unconfirmed = false;
}

void SealedCache::DropValue(const CredentialName& name) {
  if (Entry* const entry = Find(name)) DropValue(*entry);
}

void SealedCache::Drop(const CredentialName& name) {
  DropValue(name);
  changes_ += entries_.erase(name.text());
}

void SealedCache::Clear() {
  ++changes_;
  entries_.clear();
  recent_.clear();
  value_bytes_ = 0;
}

void SealedCache::Save(
    TimePoint now, absl::FunctionRef<void(const CacheFileEntry&)> save) const {
  const auto save_one = [now, &save](const std::string& name,
                                     const Entry& entry) {
    const auto age = std::chrono::ceil<std::chrono::milliseconds>(
        entry.sealed.empty() ? std::chrono::nanoseconds(0)
                             : now - entry.checked);
    save({name, entry.id, entry.created_at, entry.updated_at, entry.sealed,
          entry.generation, age, entry.listed,
          entry.current || entry.unconfirmed});
  };
  for (const std::string* name : recent_) save_one(*name, entries_.at(*name));
  for (const auto& [name, entry] : entries_) {
    if (entry.sealed.empty()) save_one(name, entry);
  }
}

void SealedCache::Restore(const CacheFileEntry& saved, TimePoint now) {
  const auto [found, is_new] = entries_.try_emplace(std::string(saved.name));
  if (!is_new) return;
  Entry& entry = found->second;
  entry.id = saved.id;
  entry.created_at = saved.created_at;
  entry.updated_at = saved.updated_at;
  entry.listed = saved.listed;
  ++changes_;
  if (saved.value.empty() || recent_.size() >= limits_.values ||
      value_bytes_ + saved.value.size() > limits_.bytes) {
    return;
  }
  entry.sealed.assign(saved.value.begin(), saved.value.end());
  entry.unconfirmed = saved.current;
  entry.checked = now - saved.age;
  entry.generation = saved.generation;
  entry.recent = recent_.insert(recent_.end(), &found->first);
  value_bytes_ += entry.sealed.size();
}

SealedCache::Entry* SealedCache::Find(const CredentialName& name) {
  const auto found = entries_.find(name.text());
  return found == entries_.end() ? nullptr : &found->second;
}

const SealedCache::Entry* SealedCache::Find(const CredentialName& name) const {
  const auto found = entries_.find(name.text());
  return found == entries_.end() ? nullptr : &found->second;
}

SealedCache::Entries::node_type SealedCache::Extract(const std::string& name) {
  const auto front = entries_.begin();
  if (front != entries_.end() && front->first == name) {
    return entries_.extract(front);
  }
  return entries_.extract(name);
}

void SealedCache::DropValue(Entry& entry) {
  entry.current = false;
  entry.unconfirmed = false;
  if (entry.sealed.empty()) return;
  ++changes_;
  value_bytes_ -= entry.sealed.size();
  recent_.erase(entry.recent);
  // Gives the memory back, which clear() does not.
  std::vector<std::byte>().swap(entry.sealed);
}

std::string SealedCache::Binding(const std::string& name) const {
  return BindingOf({profile_, name});
}

}  // namespace libretto
