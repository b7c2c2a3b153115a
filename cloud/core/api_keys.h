// API keys: 64 random letters, shown once and stored as a hash. They belong to
// a user; the user's organisation is what they open. Any thread (guarded).
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

inline constexpr int kMaxApiKeysPerUser = 100;

struct ApiKeyRequest {
  std::optional<std::string> name = {};
  std::optional<std::string> prefix = {};
  std::optional<std::chrono::seconds> lifetime = {};
  std::optional<std::string> metadata = {};
};

struct IssuedApiKey {
  ApiKey key;
  SecretBytes text;
};

class ApiKeys {
 public:
  // `store` and `clock` outlive this.
  ApiKeys(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Refusals: kLabelTooLong, kLifetimeTooShort, kLifetimeTooLong,
  // kMetadataTooLarge, kTooManyApiKeys, kSignedOut when `access_id`, the
  // session or key that asks for it, has ended meanwhile.
  StatusOr<IssuedApiKey> Issue(const User& user, std::string_view access_id,
                               const ApiKeyRequest& request);

  StatusOr<std::vector<ApiKey>> List(const User& user);

  // These two say kApiKeyNotFound also for another user's.
  // Also kLabelTooLong (or empty), kNothingToUpdate.
  StatusOr<ApiKey> Change(const User& user, std::string_view id,
                          const ApiKeyChange& change);
  Status Revoke(const User& user, std::string_view id);

  // kApiKeyMalformed, kApiKeyUnknown, kApiKeyDisabled, kApiKeyExpired (once;
  // then it is gone).
  StatusOr<KeyAndUser> Authenticate(const SecretBytes& text);

  // Uses are noted in memory, so that reading a credential writes nothing.
  // Writes what has been noted; called now and then, and at the end.
  Status WriteUses();

 private:
  Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Timestamp> uses_;  // guarded by mutex_
};

}  // namespace libretto::cloud
