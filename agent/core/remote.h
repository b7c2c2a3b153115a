// What the core asks of the cloud, declared by the core; agent/remote speaks
// HTTP to fulfil it. A secret that authenticates carries the only URL it may
// be sent to, so no call can take it elsewhere.
//
// Loop thread only. A completion never runs before the call has returned. The
// codes are those of base/errors.h: Offline() when the cloud cannot be reached,
// is broken or answers nonsense, Unauthenticated() when it disowns the secret.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

// Where accounts live unless somebody says otherwise (contract 1.2).
inline constexpr std::string_view kHostedService = "https://api.libretto.sh";

struct ApiKey {
  std::string api_url;
  SecretBytes text;

  ApiKey Clone() const { return {api_url, text.Clone()}; }
};

// A ready `Cookie` header value (contract 1.3).
struct SessionCookie {
  std::string api_url;
  SecretBytes text;

  SessionCookie Clone() const { return {api_url, text.Clone()}; }
};

// Either of the two ways to say who calls (contract 1.2).
using Principal = std::variant<SessionCookie, ApiKey>;

inline const std::string& ApiUrlOf(const Principal& principal) {
  return std::visit(
      [](const auto& secret) -> const std::string& { return secret.api_url; },
      principal);
}

struct CredentialInfo {
  std::string id;
  std::string name;  // as the cloud spells it
  std::string created_at;
  std::string updated_at;
};

struct Upserted {
  std::string id;
  bool overwritten = false;
};

// Contract 2, the rows under /v1/credentials.
class CredentialRemote {
 public:
  virtual ~CredentialRemote() = default;
  virtual void List(const ApiKey& key,
                    Done<std::vector<CredentialInfo>> done) = 0;
  virtual void Fetch(const ApiKey& key, const CredentialName& name,
                     Done<SecretBytes> done) = 0;
  // Completes with the new credential's id; Conflict() when the name is taken.
  virtual void Create(const ApiKey& key, const CredentialName& name,
                      const SecretBytes& value, Done<std::string> done) = 0;
  virtual void Update(const ApiKey& key, const std::string& id,
                      const std::optional<SecretBytes>& value,
                      const std::optional<CredentialName>& new_name,
                      DoneStatus done) = 0;
  virtual void Delete(const ApiKey& key, const std::string& id,
                      DoneStatus done) = 0;
  virtual void Upsert(const ApiKey& key, const CredentialName& name,
                      const SecretBytes& value, Done<Upserted> done) = 0;
};

struct MintedKey {
  std::string id;
  ApiKey key;
};

struct KeyInfo {
  std::string id;
  std::string label;
  std::string start;  // its first characters
  bool enabled = true;
  std::string created_at;  // ISO 8601, as all times here
  std::string last_request;
  std::string expires_at;
};

// Contract 5: API keys.
class KeyIssuer {
 public:
  virtual ~KeyIssuer() = default;
  // Without a lifetime the key does not expire.
  virtual void Mint(const Principal& principal, const std::string& label,
                    std::optional<std::chrono::seconds> lifetime,
                    Done<MintedKey> done) = 0;
  virtual void ListKeys(const Principal& principal,
                        Done<std::vector<KeyInfo>> done) = 0;
  // NotFound() when there is no such key (any more). A key may revoke itself;
  // it needs no session for that.
  virtual void Revoke(const Principal& principal, const std::string& id,
                      DoneStatus done) = 0;
};

struct SignUpForm {
  std::string name;
  std::string email;
  SecretBytes password;
  std::string organization_name;
  std::string organization_slug;
  std::string alert_email;
};

struct SignedUp {
  SessionCookie cookie;
  std::string user_id;
  std::string email;
  std::string organization_slug;
  bool email_verified = false;
};

struct SessionFacts {
  std::string user_id;
  std::string email;
  bool email_verified = false;
  std::string expires_at;
};

struct Organization {
  std::string id;
  std::string name;
  std::string slug;
};

// A browser login that waits for approval (contract 6.1).
struct BrowserLoginRequest {
  std::string api_url;
  std::string id;
  SecretBytes secret;
  std::string expires_at;  // ISO 8601
};

struct BrowserLoginState {
  enum class Kind { kPending, kExpired, kApproved };

  Kind kind = Kind::kPending;
  // From here on when approved.
  SessionCookie cookie;
  SessionFacts facts;
};

struct Invitation {
  std::string id;
  std::string email;
  std::string role;
  std::string expires_at;
  std::string organization_id;
  std::string organization_name;  // where the cloud says it
  std::string organization_slug;
};

// Contract 2, the rows under /api/auth and /v1/auth.
class AccountRemote {
 public:
  virtual ~AccountRemote() = default;
  // Conflict() with reason "slug_taken" or "email_taken" (ReasonOf()).
  virtual void SignUp(const std::string& api_url, const SignUpForm& form,
                      Done<SignedUp> done) = 0;
  virtual void SignIn(const std::string& api_url, const std::string& email,
                      const SecretBytes& password,
                      Done<SessionCookie> done) = 0;
  virtual void OpenBrowserLogin(const std::string& api_url,
                                Done<BrowserLoginRequest> done) = 0;
  virtual void PollBrowserLogin(const BrowserLoginRequest& request,
                                Done<BrowserLoginState> done) = 0;
  // Nothing when the cloud does not know the session (any more).
  virtual void GetSession(const Principal& principal,
                          Done<std::optional<SessionFacts>> done) = 0;
  virtual void SendVerification(const SessionCookie& cookie,
                                const std::string& email, DoneStatus done) = 0;
  // False when the cloud says that it knows no such account.
  virtual void ForgotPassword(const std::string& api_url,
                              const std::string& email, Done<bool> done) = 0;
  virtual void SignOut(const SessionCookie& cookie, DoneStatus done) = 0;
  virtual void DeleteAccount(const SessionCookie& cookie, DoneStatus done) = 0;
};

// Contract 4.3: organisations and invitations.
class OrganizationRemote {
 public:
  virtual ~OrganizationRemote() = default;
  virtual void ListOrganizations(const Principal& principal,
                                 Done<std::vector<Organization>> done) = 0;
  virtual void Invite(const Principal& principal,
                      const std::string& organization_id,
                      const std::string& email, const std::string& role,
                      Done<Invitation> done) = 0;
  virtual void GetInvitation(const Principal& principal, const std::string& id,
                             Done<Invitation> done) = 0;
  virtual void AcceptInvitation(const Principal& principal,
                                const std::string& id, DoneStatus done) = 0;
  // For somebody without an account.
  virtual void AcceptAndSignUp(const std::string& api_url,
                               const std::string& organization_slug,
                               const std::string& id, const std::string& name,
                               const SecretBytes& password,
                               Done<SignedUp> done) = 0;
};

}  // namespace libretto
