#include "agent/core/sealed_cache.h"

#include <utility>

namespace libretto {

SealedCache::SealedCache(std::string profile, std::size_t max_value_bytes)
    : profile_(std::move(profile)), max_value_bytes_(max_value_bytes) {}

std::size_t SealedCache::ApplyList(std::vector<CredentialInfo> list,
                                   TimePoint now) {
  for (auto& [name, entry] : entries_) entry.info.reset();
  for (CredentialInfo& info : list) {
    Entry& entry = entries_[info.name];
    entry.info = std::move(info);
    if (IsCurrent(entry)) entry.checked = now;
  }
  std::size_t forgotten = 0;
  for (auto item = entries_.begin(); item != entries_.end();) {
    if (item->second.info.has_value()) {
      ++item;
      continue;
    }
    DropValue(item->second);
    item = entries_.erase(item);
    ++forgotten;
  }
  return forgotten;
}

void SealedCache::Put(const CredentialName& name, const SecretBytes& value,
                      const DataKey& key, const std::string& listed_as,
                      TimePoint now) {
  Entry& entry = entries_[name.text()];
  DropValue(entry);
  entry.sealed = Seal(value, key, Binding(name.text()));
  entry.fetched_as = listed_as;
  entry.checked = now;
  entry.generation = ++generations_;
  entry.recent = recent_.insert(recent_.begin(), name.text());
  value_bytes_ += entry.sealed.size();
  while (value_bytes_ > max_value_bytes_) {
    DropValue(entries_.at(recent_.back()));
  }
}

StatusOr<SealedCache::Value> SealedCache::Get(const CredentialName& name,
                                              const DataKey& key) {
  const auto found = entries_.find(name.text());
  if (found == entries_.end() || found->second.sealed.empty()) {
    return NotFound("not cached");
  }
  Entry& entry = found->second;
  StatusOr<SecretBytes> plain = Open(entry.sealed, key, Binding(name.text()));
  if (!plain.ok()) {
    DropValue(entry);
    return plain.status();
  }
  recent_.splice(recent_.begin(), recent_, entry.recent);
  return Value{*std::move(plain), entry.checked, entry.generation,
               IsCurrent(entry)};
}

std::optional<CredentialInfo> SealedCache::Info(
    const CredentialName& name) const {
  const auto found = entries_.find(name.text());
  return found == entries_.end() ? std::nullopt : found->second.info;
}

std::string SealedCache::UpdatedAt(const CredentialName& name) const {
  const auto found = entries_.find(name.text());
  if (found == entries_.end() || !found->second.info.has_value()) return "";
  return found->second.info->updated_at;
}

std::uint64_t SealedCache::Generation(const CredentialName& name) const {
  return HasValue(name) ? entries_.at(name.text()).generation : 0;
}

std::optional<TimePoint> SealedCache::CheckedAt(
    const CredentialName& name) const {
  if (!HasValue(name)) return std::nullopt;
  return entries_.at(name.text()).checked;
}

bool SealedCache::HasCurrent(const CredentialName& name) const {
  const auto found = entries_.find(name.text());
  return found != entries_.end() && IsCurrent(found->second);
}

bool SealedCache::HasValue(const CredentialName& name) const {
  const auto found = entries_.find(name.text());
  return found != entries_.end() && !found->second.sealed.empty();
}

std::vector<CredentialInfo> SealedCache::List() const {
  std::vector<CredentialInfo> list;
  for (const auto& [name, entry] : entries_) {
    if (entry.info.has_value()) list.push_back(*entry.info);
  }
  return list;
}

void SealedCache::DropValue(const CredentialName& name) {
  const auto found = entries_.find(name.text());
  if (found != entries_.end()) DropValue(found->second);
}

void SealedCache::Drop(const CredentialName& name) {
  const auto found = entries_.find(name.text());
  if (found == entries_.end()) return;
  DropValue(found->second);
  entries_.erase(found);
}

void SealedCache::Clear() {
  entries_.clear();
  recent_.clear();
  value_bytes_ = 0;
}

bool SealedCache::IsCurrent(const Entry& entry) {
  // A name that was never listed has only its own fetch to contradict it.
  return !entry.sealed.empty() && (!entry.info.has_value() ||
                                   entry.fetched_as == entry.info->updated_at);
}

void SealedCache::DropValue(Entry& entry) {
  if (entry.sealed.empty()) return;
  value_bytes_ -= entry.sealed.size();
  recent_.erase(entry.recent);
  entry.sealed.clear();
  entry.sealed.shrink_to_fit();
}

std::string SealedCache::Binding(const std::string& name) const {
  return BindingOf({profile_, name});
}

}  // namespace libretto
