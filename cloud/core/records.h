// What the cloud keeps, as plain values. Secrets appear here only in the form
// in which they are stored: hashed or sealed. Immutable after construction.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"

namespace libretto::cloud {

// UTC with milliseconds: what the contract shows and what is stored.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

inline Timestamp NowOf(const Clock& clock) {
  return std::chrono::floor<std::chrono::milliseconds>(clock.WallNow());
}

// "2026-01-01T00:00:00.000Z"
std::string Iso8601(Timestamp time);

struct User {
  std::string id;
  std::string email;  // lower-cased
  std::string name;
  bool email_verified = false;
  Timestamp created_at;
  Timestamp updated_at;
};

// An organisation is a tenant.
struct Organization {
  std::string id;
  std::string slug;
  std::string name;
  std::string alert_email;
  Timestamp created_at;
};

// One user belongs to one organisation at most.
struct Membership {
  std::string id;
  std::string user_id;
  std::string organization_id;
  std::string role;
  Timestamp created_at;
};

// An invitation that waits for its answer: accepting it ends it.
struct Invitation {
  std::string id;
  std::string organization_id;
  std::string email;  // lower-cased; whose it is
  std::string role;   // may be several, "member,admin": the strongest counts
  std::string inviter_id;
  Timestamp created_at;
  Timestamp expires_at;
};

struct Session {
  std::string id;
  std::string token_hash;
  std::string user_id;
  bool remember = true;  // false: one day, never extended
  std::string user_agent;
  // What the contract's requests mean when they name no organisation.
  std::optional<std::string> active_organization_id = {};
  Timestamp created_at;
  Timestamp updated_at;
  Timestamp expires_at;
};

// What a mail carries as a link.
enum class TokenPurpose { kVerifyEmail, kResetPassword };

struct OneTimeToken {
  std::string token_hash;
  TokenPurpose purpose = TokenPurpose::kVerifyEmail;
  // Nobody's: it was stored for the time that storing takes, and is no use.
  std::optional<std::string> user_id = {};
  Timestamp expires_at;
};

// A command line that waits for its user to approve it in a browser.
struct CliLogin {
  std::string id;
  std::string secret_hash;
  std::optional<std::string> user_id = {};  // who has approved it
  Timestamp expires_at;
};

struct ApiKey {
  std::string id;
  std::string key_hash;
  std::string user_id;
  std::optional<std::string> name = {};
  std::optional<std::string> prefix = {};
  std::string start;  // the first characters, to tell them
  std::optional<std::string> metadata = {};  // a JSON object
  bool enabled = true;
  std::optional<Timestamp> last_request = {};
  std::optional<Timestamp> expires_at = {};
  Timestamp created_at;
  Timestamp updated_at;
};

struct Credential {
  std::string id;
  std::string name;
  Timestamp created_at;
  Timestamp updated_at;
};

}  // namespace libretto::cloud
