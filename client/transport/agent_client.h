// AgentClient: the agent's API as C++ values, over a Channel. The only file of
// the client, with its .cc, that knows the wire's messages. Each call has a
// deadline that fits it: memory answers in two seconds, the cloud in fifteen.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/errors.h"
#include "base/secret.h"
#include "client/transport/channel.h"

namespace libretto {

struct Credential {
  enum class Source { kMemory, kCloud, kStale };

  std::string name;
  SecretBytes value;
  Source source = Source::kCloud;
  std::chrono::milliseconds age{0};  // since the cloud last confirmed it
  std::uint64_t generation = 0;
};

struct CredentialMetadata {
  std::string id;
  std::string name;
  std::string created_at;  // ISO 8601
  std::string updated_at;
  bool follows_rule = true;
  bool cached = false;
};

struct CredentialList {
  std::vector<CredentialMetadata> credentials;  // ordered by name
  bool stale = false;  // the cloud cannot be reached; its last word
};

struct StoredCredential {
  std::string id;
  std::string name;
  bool overwritten = false;
};

struct SignUpForm {
  std::string api_url;  // empty: the hosted service
  std::string name;
  std::string email;
  SecretBytes password;
  std::string organization_name;
  std::string organization_slug;
  std::string alert_email;
};

struct LoginForm {
  std::string api_url;
  std::string email;
  SecretBytes password;
};

struct SignedIn {
  std::string email;
  std::string organization_slug = {};  // after a sign-up
  bool email_verified = false;
  std::string session_file;
};

struct LoggedOut {
  bool was_signed_in = false;
  std::vector<std::string> not_revoked;  // in words
};

struct Identity {
  enum class Source { kNobody, kSession, kEnvironment };

  Source source = Source::kNobody;
  std::string email;
  std::string user_id;
  std::string api_url;
  std::string organization_name;
  std::string organization_slug;
  std::string expires_at;
  std::string session_file;
  bool checked = false;
  bool email_verified = false;
};

struct AgentStatus {
  enum class Session { kSignedOut, kSignedIn, kEnded, kApiKey };
  enum class Key { kNone, kLeased, kFromEnvironment };

  std::string version;
  std::int64_t pid = 0;
  std::string socket;
  std::int64_t uptime_s = 0;
  Session session = Session::kSignedOut;
  std::string email;
  std::string api_url;
  Key key = Key::kNone;
  std::int64_t key_expires_unix_s = 0;
  std::int64_t credentials = 0;
  std::int64_t cached = 0;
  std::int64_t hits = 0;
  std::int64_t misses = 0;
  std::int64_t last_sync_unix_s = 0;
  std::int64_t offline_since_unix_s = 0;
  std::int64_t connections = 0;
  std::int64_t resident_bytes = 0;
};

struct SyncProgress {
  std::int64_t total = 0;
  std::int64_t done = 0;
  std::int64_t known = 0;
  std::int64_t dropped = 0;
};

class AgentClient {
 public:
  explicit AgentClient(Channel channel) : channel_(std::move(channel)) {}

  StatusOr<Credential> Get(const std::string& name);
  // All names in one round trip, the answers in their order.
  std::vector<StatusOr<Credential>> GetAll(
      const std::vector<std::string>& names);
  StatusOr<CredentialList> List();
  StatusOr<StoredCredential> Create(const std::string& name,
                                    const SecretBytes& value);
  StatusOr<StoredCredential> Update(const std::string& name,
                                    const std::optional<SecretBytes>& value,
                                    const std::optional<std::string>& new_name);
  StatusOr<StoredCredential> Upsert(const std::string& name,
                                    const SecretBytes& value);
  // Returns the name that is gone.
  StatusOr<std::string> Delete(const std::string& name);

  StatusOr<SignedIn> SignUp(const SignUpForm& form);
  StatusOr<SignedIn> Login(const LoginForm& form);
  StatusOr<LoggedOut> Logout();
  StatusOr<Identity> WhoAmI(bool check);

  StatusOr<AgentStatus> GetStatus();
  // Returns the last progress, after `on_progress` has seen each.
  StatusOr<SyncProgress> Sync(
      absl::FunctionRef<void(const SyncProgress&)> on_progress);
  // The pid of the agent that is about to end.
  StatusOr<std::int64_t> Stop();

 private:
  Channel channel_;
};

}  // namespace libretto
