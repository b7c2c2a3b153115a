// How this folder talks to SOCI: a leased connection around a piece of work,
// with SOCI's exceptions turned into a Status. Their what() lists every bound
// value, and PostgreSQL's messages quote rows: neither goes further than here.
// Any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <soci/soci.h>

#include "cloud/core/store.h"
#include "cloud/store/database_url.h"

namespace libretto::cloud {

// Offline() for what may pass (connection lost, disk full, locked), NotFound()
// for a row of an account or organisation that was deleted meanwhile,
// Internal() for the rest. Says which error it was by its code alone.
Status FailureOf(const soci::soci_error& error);

bool IsUniqueViolation(const soci::soci_error& error);

// Connects.
void Open(soci::session& sql, const DatabaseUrl& url);

// Connects anew if the connection was lost; if that fails, the next one tries.
void Revive(soci::session& sql) noexcept;

// Work: (soci::session&) -> Status or StatusOr<T>.
template <typename Work>
auto OnConnection(soci::connection_pool& pool, Work&& work)
    -> decltype(work(std::declval<soci::session&>())) {
  soci::session sql(pool);
  try {
    return std::forward<Work>(work)(sql);
  } catch (const soci::soci_error& error) {
    Revive(sql);
    return FailureOf(error);
  }
}

// Executes it. Whether a row was inserted, changed or deleted.
inline bool Affects(const soci::details::prepare_temp_type& prepared) {
  soci::statement statement(prepared);
  statement.execute(true);
  return statement.get_affected_rows() > 0;
}

// A column or parameter that may be null.
template <typename T>
struct Nullable {
  Nullable() = default;
  explicit Nullable(const std::optional<T>& from)
      : value(from.value_or(T())),
        indicator(from.has_value() ? soci::i_ok : soci::i_null) {}

  std::optional<T> Get() const {
    if (indicator == soci::i_null) return std::nullopt;
    return value;
  }

  T value{};
  soci::indicator indicator = soci::i_null;
};

inline long long ToMillis(Timestamp time) {
  return time.time_since_epoch().count();
}

inline Timestamp FromMillis(long long millis) {
  return Timestamp(std::chrono::milliseconds(millis));
}

inline std::optional<long long> ToMillis(const std::optional<Timestamp>& time) {
  if (!time.has_value()) return std::nullopt;
  return ToMillis(*time);
}

inline std::optional<Timestamp> FromMillis(
    const std::optional<long long>& millis) {
  if (!millis.has_value()) return std::nullopt;
  return FromMillis(*millis);
}

// The columns of a user, in the order id, email, name, email_verified,
// created_at, updated_at.
struct UserColumns {
  User Get() const {
    return {.id = id,
            .email = email,
            .name = name,
            .email_verified = verified != 0,
            .created_at = FromMillis(created),
            .updated_at = FromMillis(updated)};
  }

  std::string id;
  std::string email;
  std::string name;
  int verified = 0;
  long long created = 0;
  long long updated = 0;
};

// An API key's.
struct KeyColumns {
  ApiKey Get() const {
    return {.id = id,
            .key_hash = hash,
            .user_id = user_id,
            .name = name.Get(),
            .prefix = prefix.Get(),
            .start = start,
            .metadata = metadata.Get(),
            .enabled = enabled != 0,
            .last_request = FromMillis(last_request.Get()),
            .expires_at = FromMillis(expires.Get()),
            .created_at = FromMillis(created),
            .updated_at = FromMillis(updated)};
  }

  std::string id;
  std::string hash;
  std::string user_id;
  Nullable<std::string> name;
  Nullable<std::string> prefix;
  std::string start;
  Nullable<std::string> metadata;
  int enabled = 1;
  Nullable<long long> last_request;
  Nullable<long long> expires;
  long long created = 0;
  long long updated = 0;
};

}  // namespace libretto::cloud
