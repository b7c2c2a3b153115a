// Accounts: signing up, in and out, and saying who that is. Keeps the session
// in memory and the one at rest in step.
//
// Loop thread only. Completions may run before the call has returned.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/broker.h"
#include "agent/core/cache_snapshot.h"
#include "agent/core/key_lease.h"
#include "agent/core/remote.h"
#include "agent/core/sealed_cache.h"
#include "agent/core/session.h"
#include "agent/core/syncer.h"

namespace libretto {

// What rests of a session.
struct StoredSession {
  Account account;
  std::optional<DataKey> data_key;  // kept where sessions rest sealed
};

// Where the session rests: in the clear (contract 1.3) or sealed.
class SessionStore {
 public:
  virtual ~SessionStore() = default;
  // Nothing when nobody is signed in; Corrupt(), naming the file, when there is
  // one that cannot be understood; Locked() while what there is cannot be
  // opened.
  virtual StatusOr<std::optional<StoredSession>> Load() = 0;
  virtual Status Save(const Account& account, const DataKey& data_key) = 0;
  virtual Status Clear() = 0;
  virtual std::string path() const = 0;
};

struct SignedInAs {
  std::string email;
  std::string organization_slug;  // after SignUp() only
  bool email_verified = false;
};

struct SignedOut {
  bool was_signed_in = false;
  std::vector<std::string> not_revoked;  // in words
};

struct Identity {
  std::string email;  // empty when nobody is signed in; with an API key filled
                      // only when the cloud was asked
  std::string user_id;
  std::string api_url;
  std::string expires_at;
  // From here on only when the cloud was asked.
  std::optional<Organization> organization;
  bool email_verified = false;
};

class Accounts {
 public:
  Accounts(Session& session, KeyLease& lease, SealedCache& cache,
           CacheSnapshot& snapshot, Syncer& syncer, AccountRemote& remote,
           OrganizationRemote& organizations, SessionStore& store);

  // Takes the session that rests on disk, if nobody is signed in here. Fails
  // with Corrupt() while the file there cannot be understood.
  Status Load();

  // The session at rest may have changed: takes up what is there now, be it
  // another login or a logout. What cannot be understood changes nothing.
  void Reload();

  void SignUp(const std::string& api_url, const SignUpForm& form,
              Done<SignedInAs> done);
  void Login(const std::string& api_url, const std::string& email,
             const SecretBytes& password, Done<SignedInAs> done);
  void Logout(Done<SignedOut> done);

  // OK when a session can be stored: Locked(), or Corrupt() for what lies there
  // and is not to be overwritten.
  Status CheckStore() { return store_.Load().status(); }

  // Stores the session and acts for it from now on.
  Status Adopt(Account account);

  // Writes the session once more, in the form in which sessions rest by now.
  Status Restore();

  // Forgets session and data key, and has the API key revoke itself; `released`
  // says how that went. What is cached stays, sealed, here and in the snapshot.
  void Lock(DoneStatus released);

  // After Lock(), as soon as the store opens again. What was cached for the
  // same session can be read again.
  Status Unlock();

  // Empties the memory and removes the snapshot; the session that rests on disk
  // is taken up by the next call that needs it.
  void Forget(DoneStatus released);

  // The mail leads to a new password. False when the cloud says that it knows
  // no such account.
  void ForgotPassword(const std::string& api_url, const std::string& email,
                      Done<bool> done);

  // Deletes who is signed in, for good; Invalid() unless `email` is theirs.
  void DeleteAccount(const std::string& email, Done<std::string> done);

  // `check` asks the cloud whether it still agrees; Session::Gate()'s answer
  // when it does not.
  void WhoAmI(bool check, Done<Identity> done);

  std::string session_file() const { return store_.path(); }

 private:
  void FinishLogin(SessionCookie cookie,
                   StatusOr<std::optional<SessionFacts>> facts,
                   Done<SignedInAs> done);
  void TakeUp(std::optional<StoredSession> stored);
  void Drop();
  Status Disowned();
  void CheckOrganization(Identity identity, Done<Identity> done);

  Session& session_;
  KeyLease& lease_;
  SealedCache& cache_;
  CacheSnapshot& snapshot_;
  Syncer& syncer_;
  AccountRemote& remote_;
  OrganizationRemote& organizations_;
  SessionStore& store_;
};

}  // namespace libretto
