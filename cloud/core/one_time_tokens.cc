#include "cloud/core/one_time_tokens.h"

#include <utility>

#include "base/seal.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
namespace {

constexpr std::chrono::seconds kLifetime = std::chrono::hours(1);

}  // namespace

StatusOr<SecretBytes> OneTimeTokens::Issue(TokenPurpose purpose,
                                           const User& user) {
  return Add(purpose, user.id);
}

Status OneTimeTokens::PretendToIssue(TokenPurpose purpose) {
  return Add(purpose, std::nullopt).status();
}

StatusOr<SecretBytes> OneTimeTokens::Add(TokenPurpose purpose,
                                         std::optional<std::string> user_id) {
  SecretBytes token = NewToken();
  Status added =
      store_.AddOneTimeToken({.token_hash = HashOf(token),
                              .purpose = purpose,
                              .user_id = std::move(user_id),
                              .expires_at = NowOf(clock_) + kLifetime});
  if (!added.ok()) return added;
  return token;
}

}  // namespace libretto::cloud
