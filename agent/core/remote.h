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
};

// Contract 5: API keys that are made from a session.
class KeyIssuer {
 public:
  virtual ~KeyIssuer() = default;
  virtual void Mint(const SessionCookie& cookie, const std::string& label,
                    std::chrono::seconds lifetime, Done<MintedKey> done) = 0;
  virtual void ListKeys(const SessionCookie& cookie,
                        Done<std::vector<KeyInfo>> done) = 0;
  // NotFound() when there is no such key (any more).
  virtual void Revoke(const SessionCookie& cookie, const std::string& id,
                      DoneStatus done) = 0;
  // A key may revoke itself; it needs no session for that.
  virtual void RevokeItself(const ApiKey& key, const std::string& id,
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
  // Nothing when the cloud does not know the session (any more).
  virtual void GetSession(const SessionCookie& cookie,
                          Done<std::optional<SessionFacts>> done) = 0;
  virtual void ListOrganizations(const SessionCookie& cookie,
                                 Done<std::vector<Organization>> done) = 0;
  virtual void SendVerification(const SessionCookie& cookie,
                                const std::string& email, DoneStatus done) = 0;
  virtual void SignOut(const SessionCookie& cookie, DoneStatus done) = 0;
};

}  // namespace libretto
