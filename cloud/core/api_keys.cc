#include "cloud/core/api_keys.h"

#include <algorithm>
#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/core/text.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kKeyLetters = 64;
constexpr std::size_t kStartLength = 6;
constexpr std::size_t kMaxLabelLength = 32;
constexpr std::size_t kMaxMetadataBytes = 4096;
constexpr std::chrono::seconds kMinLifetime = std::chrono::hours(24);
constexpr std::chrono::seconds kMaxLifetime = std::chrono::hours(24 * 365);

Status Check(const ApiKeyRequest& request) {
  if (request.name.has_value() &&
      Utf16Length(*request.name) > kMaxLabelLength) {
    return Refuse(Refusal::kLabelTooLong);
  }
  if (request.lifetime.has_value()) {
    if (*request.lifetime < kMinLifetime) {
      return Refuse(Refusal::kLifetimeTooShort);
    }
    if (*request.lifetime > kMaxLifetime) {
      return Refuse(Refusal::kLifetimeTooLong);
    }
  }
  if (request.metadata.has_value() &&
      request.metadata->size() > kMaxMetadataBytes) {
    return Refuse(Refusal::kMetadataTooLarge);
  }
  return OkStatus();
}

SecretBytes NewKeyText(std::string_view prefix) {
  const SecretBytes letters = RandomLetters(kKeyLetters);
  std::string text(prefix);
  text.reserve(prefix.size() + letters.size());
  text += letters.Reveal();
  return SecretBytes::Take(std::move(text));
}

bool HasExpired(const ApiKey& key, Timestamp now) {
  return key.expires_at.has_value() && *key.expires_at <= now;
}

}  // namespace

StatusOr<IssuedApiKey> ApiKeys::Issue(const User& user,
                                      std::string_view access_id,
                                      const ApiKeyRequest& request) {
  Status acceptable = Check(request);
  if (!acceptable.ok()) return acceptable;
  const Timestamp now = NowOf(clock_);
  SecretBytes text = NewKeyText(request.prefix.value_or(""));
  ApiKey key{.id = NewId(),
             .key_hash = HashOf(text),
             .user_id = user.id,
             .name = request.name,
             .prefix = request.prefix,
             .start = std::string(text.Reveal().substr(0, kStartLength)),
             .metadata = request.metadata,
             .created_at = now,
             .updated_at = now};
  if (request.lifetime.has_value()) key.expires_at = now + *request.lifetime;
  Status added = store_.AddApiKey(key, access_id, kMaxApiKeysPerUser);
  if (!added.ok()) return added;
  return IssuedApiKey{std::move(key), std::move(text)};
}

StatusOr<std::vector<ApiKey>> ApiKeys::List(const User& user) {
  StatusOr<std::vector<ApiKey>> keys = store_.ApiKeysOf(user.id);
  if (!keys.ok()) return keys;
  const Timestamp now = NowOf(clock_);
  std::erase_if(*keys,
                [now](const ApiKey& key) { return HasExpired(key, now); });
  const std::scoped_lock lock(mutex_);
  for (ApiKey& key : *keys) {
    const auto use = uses_.find(key.id);
    if (use == uses_.end()) continue;
    key.last_request = use->second;
    key.updated_at = use->second;
  }
  return keys;
}

StatusOr<ApiKey> ApiKeys::Change(const User& user, std::string_view id,
                                 const ApiKeyChange& change) {
  StatusOr<std::vector<ApiKey>> keys = List(user);
  if (!keys.ok()) return keys.status();
  const auto key =
      std::find_if(keys->begin(), keys->end(),
                   [id](const ApiKey& each) { return each.id == id; });
  if (key == keys->end()) return Refuse(Refusal::kApiKeyNotFound);
  if (change.name.has_value() &&
      (change.name->empty() || Utf16Length(*change.name) > kMaxLabelLength)) {
    return Refuse(Refusal::kLabelTooLong);
  }
  if (!change.name.has_value() && !change.enabled.has_value()) {
    return Refuse(Refusal::kNothingToUpdate);
  }
  Status changed = store_.ChangeApiKey(user.id, id, change);
  if (changed.code() == StatusCode::kNotFound) {
    return Refuse(Refusal::kApiKeyNotFound);
  }
  if (!changed.ok()) return changed;
  if (change.name.has_value()) key->name = change.name;
  key->enabled = change.enabled.value_or(key->enabled);
  return std::move(*key);
}

Status ApiKeys::Revoke(const User& user, std::string_view id) {
  Status removed = store_.RemoveApiKey(user.id, id);
  if (removed.code() == StatusCode::kNotFound) {
    return Refuse(Refusal::kApiKeyNotFound);
  }
  return removed;
}

StatusOr<KeyAndUser> ApiKeys::Authenticate(const SecretBytes& text) {
  if (text.size() < kKeyLetters) return Refuse(Refusal::kApiKeyMalformed);
  StatusOr<KeyAndUser> found = store_.ApiKeyByHash(HashOf(text));
  if (found.status().code() == StatusCode::kNotFound) {
    return Refuse(Refusal::kApiKeyUnknown);
  }
  if (!found.ok()) return found;
  if (!found->key.enabled) return Refuse(Refusal::kApiKeyDisabled);
  const Timestamp now = NowOf(clock_);
  if (HasExpired(found->key, now)) {
    Status removed = store_.RemoveApiKey(found->user.id, found->key.id);
    if (!removed.ok() && removed.code() != StatusCode::kNotFound) {
      return removed;
    }
    return Refuse(Refusal::kApiKeyExpired);
  }
  const std::scoped_lock lock(mutex_);
  uses_[found->key.id] = now;
  return found;
}

Status ApiKeys::WriteUses() {
  std::vector<Store::KeyUse> uses;
  {
    const std::scoped_lock lock(mutex_);
    uses.assign(uses_.begin(), uses_.end());
  }
  if (uses.empty()) return OkStatus();
  Status written = store_.NoteApiKeyUses(uses);
  if (!written.ok()) return written;
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, when] : uses) {
    const auto use = uses_.find(id);
    if (use != uses_.end() && use->second == when) uses_.erase(use);
  }
  return OkStatus();
}

}  // namespace libretto::cloud
