// AgentClient: the agent's API as C++ values, over a Channel. The only class of
// the client that knows the wire's messages. Every request says on whose behalf
// it is made. Each call has a deadline that fits it: memory answers in two
// seconds, the cloud in fifteen.
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
#include "base/credential_name.h"
#include "base/errors.h"
#include "base/secret.h"
#include "client/transport/channel.h"

namespace libretto {

// What the caller's environment says about its calls (proto's Context). Empty:
// the agent decides.
struct CallerContext {
  std::string profile;
  std::string api_url;
  SecretBytes api_key;  // acts instead of the session
};

struct Credential {
  enum class Source { kMemory, kCloud, kStale };

  std::string name;
  SecretBytes value;  // or the one-time code
  Source source = Source::kCloud;
  std::chrono::milliseconds age{0};  // since the cloud last confirmed it
  std::uint64_t generation = 0;
  bool use_only = false;  // for a command, and for no eyes
};

// What a caller accepts; by default whatever the agent takes for right.
struct Freshness {
  // Nothing that the cloud confirmed longer ago than this.
  std::optional<std::chrono::milliseconds> max_age;
  bool ask_first = false;  // the cloud, before the agent's memory
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
  std::string name;
  std::string email;
  SecretBytes password;
  std::string organization_name;
  std::string organization_slug;
  std::string alert_email;
};

struct LoginForm {
  std::string email;
  SecretBytes password;
};

struct SignedIn {
  std::string email;
  std::string organization_slug = {};  // after a sign-up
  bool email_verified = false;
  std::string session_file;
};

// What the page that approves a login has to be opened with.
struct LoginRequest {
  std::string id;
  SecretBytes secret;
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

struct Invitation {
  std::string id;
  std::string email;
  std::string role;
  std::string organization_name;
  std::string organization_slug;
  std::string expires_at;
};

struct InvitationAnswer {
  std::string organization_slug;
  std::string invitation_id;
  std::string name;  // with the password: for a new account
  SecretBytes password;
};

struct Joined {
  std::string organization_name;
  bool account_created = false;
  SignedIn account;  // filled when account_created
};

struct IssuedKey {
  std::string id;
  std::string label;
  SecretBytes text;
};

// The key that the agent acts with.
struct BorrowedKey {
  SecretBytes text;
  std::string api_url;  // the one cloud that it is for
};

struct KeyMetadata {
  std::string id;
  std::string label;
  std::string start;  // its first characters
  bool enabled = true;
  std::string created_at;  // ISO 8601
  std::string last_request;
  std::string expires_at;
  bool leased = false;  // the one that the agent holds
};

struct WatchEvent {
  enum class Kind { kValue, kGone, kSettled };

  Kind kind = Kind::kSettled;
  std::string name;   // with kValue and kGone
  SecretBytes value;  // with kValue
  std::uint64_t generation = 0;
};

// A further socket, for some credentials alone; docs/cli.md has what it is.
struct ScopeWish {
  std::string name;
  std::vector<std::string> value_names;
  std::vector<std::string> code_names;  // their one-time codes alone
  bool use_only = false;
  std::chrono::seconds ttl{0};  // 0: no end
  std::optional<std::uint32_t> guest_uid;
};

struct Scope {
  std::string name;
  std::string socket;
  std::vector<std::string> value_names;
  std::vector<std::string> code_names;
  bool use_only = false;
  std::int64_t expires_unix_s = 0;  // 0: it does not
  std::int64_t pid = 0;             // it ends with this process; 0: with none
  std::optional<std::uint32_t> guest_uid;
  std::string profile;
  std::int64_t connections = 0;
};

// What a command is to be given.
struct CommandShare {
  std::vector<StatusOr<Credential>> credentials;
  // Of a scope for these names that ends with this process, if it was wanted.
  StatusOr<std::string> socket;
};

// Whether a read would succeed, and what decides that.
struct Explanation {
  enum class Verdict { kYes, kNo, kCloudDecides };
  enum class Rule { kName, kScope, kLock, kSession, kCache, kList, kCloud };

  std::string name;
  Verdict verdict = Verdict::kCloudDecides;
  Rule rule = Rule::kCloud;
  std::string why_not;  // with kNo
  std::string remedy;
  Credential::Source source = Credential::Source::kCloud;  // with kYes
  bool held = false;                 // a value is in the agent's memory
  std::chrono::milliseconds age{0};  // of it
  std::int64_t reader_pid = 0;       // 0: the agent has given it to nobody
  std::string reader_process;
  std::string reader_executable;
  std::int64_t read_unix_s = 0;
};

struct AgentStatus {
  enum class Session { kSignedOut, kSignedIn, kEnded, kApiKey, kLocked };
  enum class Key { kNone, kLeased, kFromEnvironment };
  // Whether requests go out to the cloud, or why none does.
  enum class Cloud { kAsked, kFailing, kAsksToWait, kProbed };

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
  std::int64_t scopes = 0;
  std::int64_t next_sync_unix_s = 0;
  std::int64_t cached_bytes = 0;
  std::int64_t max_cached = 0;
  std::int64_t max_cached_bytes = 0;
  Cloud cloud = Cloud::kAsked;
  std::int64_t retry_unix_s = 0;
  bool enrolled = false;  // a passphrase is
  std::string locked_because;
  std::int64_t idle_lock_s = 0;
  std::vector<std::string> locks_on;  // what else locks it, in words
  std::string locks_not_on;           // why not all of it
  std::uint64_t audit_records = 0;
  std::string audit_tag;
  std::uint64_t audit_lost = 0;
  std::string audit_problem;
  std::string key_memory;
  bool system_calls_filtered = false;
  std::int64_t landlock_abi = 0;
  std::vector<std::int64_t> cloud_ports;  // empty: all
  std::string not_confined_because;
};

struct SyncProgress {
  std::int64_t total = 0;
  std::int64_t done = 0;
  std::int64_t known = 0;
  std::int64_t dropped = 0;
  std::int64_t wait_s = 0;  // not 0: it pauses for so long
};

class AgentClient {
 public:
  AgentClient(Channel channel, CallerContext caller)
      : channel_(std::move(channel)), caller_(std::move(caller)) {}

  StatusOr<Credential> Get(const ReferenceTarget& target,
                           const Freshness& wanted = {});
  // All names in one round trip, the answers in their order.
  std::vector<StatusOr<Credential>> GetAll(
      const std::vector<std::string>& names, const Freshness& wanted = {});
  std::vector<StatusOr<Credential>> GetAll(
      const std::vector<ReferenceTarget>& targets,
      const Freshness& wanted = {});
  // The values for a command, and a scope for them: one round trip.
  CommandShare GetForCommand(const std::vector<std::string>& names,
                             const Freshness& wanted, bool with_scope);
  StatusOr<CredentialList> List();
  StatusOr<Explanation> Explain(const std::string& name);
  StatusOr<StoredCredential> Create(const std::string& name,
                                    const SecretBytes& value);
  StatusOr<StoredCredential> Update(const std::string& name,
                                    const std::optional<SecretBytes>& value,
                                    const std::optional<std::string>& new_name);
  StatusOr<StoredCredential> Upsert(const std::string& name,
                                    const SecretBytes& value);
  // Returns the name that is gone.
  StatusOr<std::string> Delete(const std::string& name);

  // Tells what the credentials are and whenever one changes, for up to an hour.
  // Returns why it has ended.
  Status Watch(const std::vector<std::string>& names,
               absl::FunctionRef<void(WatchEvent)> on_event);

  StatusOr<SignedIn> SignUp(const SignUpForm& form);
  StatusOr<SignedIn> Login(const LoginForm& form);
  // `on_opened` is called once, then `on_waiting` every two seconds until
  // somebody approves on the page; ten minutes at most.
  StatusOr<SignedIn> BrowserLogin(
      absl::FunctionRef<void(const LoginRequest&)> on_opened,
      absl::FunctionRef<void()> on_waiting);
  // Whether a mail was sent: false when the cloud knows no such account.
  StatusOr<bool> ForgotPassword(const std::string& email);
  StatusOr<LoggedOut> Logout();
  StatusOr<Identity> WhoAmI(bool check);
  StatusOr<Invitation> Invite(const std::string& email,
                              const std::string& role);
  // Unauthenticated() with reason "account_needed" when nobody is signed in and
  // `answer` has no name or no password.
  StatusOr<Joined> AcceptInvite(const InvitationAnswer& answer);
  // `email` again, as a confirmation. Returns the address that is gone.
  StatusOr<std::string> DeleteAccount(const std::string& email);
  StatusOr<IssuedKey> IssueApiKey(const std::string& label);
  StatusOr<std::vector<KeyMetadata>> ListApiKeys();
  // Whether it was the one that the agent held.
  StatusOr<bool> RevokeApiKey(const std::string& id);
  StatusOr<BorrowedKey> BorrowApiKey();

  StatusOr<Scope> CreateScope(const ScopeWish& wish);
  StatusOr<std::vector<Scope>> ListScopes();
  // Returns the name that is gone.
  StatusOr<std::string> RevokeScope(const std::string& name);

  StatusOr<AgentStatus> GetStatus();
  // Returns the last progress, after `on_progress` has seen each.
  StatusOr<SyncProgress> Sync(
      absl::FunctionRef<void(const SyncProgress&)> on_progress);
  // The pid of the agent that is about to end.
  StatusOr<std::int64_t> Stop();

  // Those with a passphrase take as long as wrong ones before it make them.
  Status Enroll(const SecretBytes& passphrase);
  Status Unenroll(const SecretBytes& passphrase);
  Status DiscardEnrolment();
  // Whether it was locked already.
  StatusOr<bool> Lock();
  Status Unlock(const SecretBytes& passphrase);
  // Whether it is locked now.
  StatusOr<bool> Forget();
  StatusOr<bool> Panic();

 private:
  // Every request goes through MakeCall(), which adds the caller's context; one
  // without a place for it does not compile. agent_call.h has both.
  template <typename Request>
  Channel::Call MakeCall(const char* method, Request request) const;
  template <typename Reply, typename Request>
  StatusOr<Reply> Ask(const char* method, Request request,
                      std::chrono::milliseconds limit);

  Channel channel_;
  CallerContext caller_;
};

}  // namespace libretto
