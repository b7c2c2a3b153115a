#include "agent/core/accounts.h"

#include <utility>

namespace libretto {

Accounts::Accounts(Session& session, KeyLease& lease, SealedCache& cache,
                   CacheSnapshot& snapshot, Syncer& syncer,
                   AccountRemote& remote, OrganizationRemote& organizations,
                   SessionStore& store)
    : session_(session),
      lease_(lease),
      cache_(cache),
      snapshot_(snapshot),
      syncer_(syncer),
      remote_(remote),
      organizations_(organizations),
      store_(store) {}

Status Accounts::Load() {
  if (session_.usable()) return OkStatus();
  if (session_.state() == Session::State::kLocked) return session_.Gate();
  StatusOr<std::optional<StoredSession>> stored = store_.Load();
  if (!stored.ok()) return stored.status();
  TakeUp(*std::move(stored));
  return OkStatus();
}

void Accounts::Reload() {
  if (session_.state() == Session::State::kApiKey ||
      session_.state() == Session::State::kLocked) {
    return;
  }
  StatusOr<std::optional<StoredSession>> stored = store_.Load();
  if (stored.ok()) TakeUp(*std::move(stored));
}

void Accounts::TakeUp(std::optional<StoredSession> stored) {
  const bool known = session_.state() == Session::State::kSignedIn ||
                     session_.state() == Session::State::kEnded;
  if (!stored.has_value()) {
    if (known) Drop();
    return;
  }
  // Also one that the cloud has ended: it is not tried again until there is
  // another.
  const SessionCookie& cookie = stored->account.cookie;
  if (known && session_.api_url() == cookie.api_url &&
      session_.account().cookie.text.Equals(cookie.text)) {
    return;
  }
  if (known) Drop();
  session_.SignIn(std::move(stored->account), stored->data_key.has_value()
                                                  ? *std::move(stored->data_key)
                                                  : DataKey::Generate());
  snapshot_.Restore();
  syncer_.Hurry();
}

Status Accounts::Restore() {
  switch (session_.state()) {
    case Session::State::kSignedIn:
      return store_.Save(session_.account(), session_.key());
    case Session::State::kEnded:
      return store_.Save(session_.account(), DataKey::Generate());
    case Session::State::kSignedOut:
    case Session::State::kApiKey:
      return OkStatus();
    case Session::State::kLocked:
      return session_.Gate();
  }
  return Internal("unknown session state");
}

void Accounts::Lock(DoneStatus released) {
  snapshot_.Save();
  session_.Lock();
  lease_.Release(std::move(released));
}

Status Accounts::Unlock() {
  if (session_.state() != Session::State::kLocked) return OkStatus();
  StatusOr<std::optional<StoredSession>> stored = store_.Load();
  if (!stored.ok() || !stored->has_value()) {
    cache_.Clear();
    session_.SignOut();
    // Nobody is signed in any more; what cannot be understood may be yet.
    if (stored.ok()) snapshot_.Remove();
    return stored.status();
  }
  StoredSession& session = **stored;
  const bool same = session_.Unlock(std::move(session.account),
                                    session.data_key.has_value()
                                        ? *std::move(session.data_key)
                                        : DataKey::Generate());
  if (!same) {
    // Of another login, which has come meanwhile.
    if (cache_.entries() > 0) snapshot_.Remove();
    cache_.Clear();
    snapshot_.Restore();
  }
  syncer_.Hurry();
  return OkStatus();
}

void Accounts::Forget(DoneStatus released) {
  cache_.Clear();
  snapshot_.Remove();
  session_.SignOut();
  lease_.Release(std::move(released));
}

void Accounts::Drop() {
  lease_.Release([](const Status&) {});
  cache_.Clear();
  snapshot_.Remove();
  session_.SignOut();
}

void Accounts::SignUp(const std::string& api_url, const SignUpForm& form,
                      Done<SignedInAs> done) {
  // A file that cannot be understood is not overwritten: say so before the
  // cloud has made an account.
  if (const Status ready = CheckStore(); !ready.ok()) {
    return std::move(done)(ready);
  }
  remote_.SignUp(
      api_url, form,
      [this, done = std::move(done)](StatusOr<SignedUp> signed_up) mutable {
        if (!signed_up.ok()) return std::move(done)(signed_up.status());
        const Status adopted =
            Adopt({std::move(signed_up->cookie), signed_up->user_id,
                   signed_up->email, /*expires_at=*/""});
        if (!adopted.ok()) return std::move(done)(adopted);
        std::move(done)(SignedInAs{signed_up->email,
                                   signed_up->organization_slug,
                                   signed_up->email_verified});
      });
}

void Accounts::Login(const std::string& api_url, const std::string& email,
                     const SecretBytes& password, Done<SignedInAs> done) {
  if (const Status ready = CheckStore(); !ready.ok()) {
    return std::move(done)(ready);
  }
  remote_.SignIn(
      api_url, email, password,
      [this, done = std::move(done)](StatusOr<SessionCookie> cookie) mutable {
        if (!cookie.ok()) return std::move(done)(cookie.status());
        remote_.GetSession(
            cookie->Clone(),
            [this, kept = cookie->Clone(), done = std::move(done)](
                StatusOr<std::optional<SessionFacts>> facts) mutable {
              FinishLogin(std::move(kept), std::move(facts), std::move(done));
            });
      });
}

void Accounts::FinishLogin(SessionCookie cookie,
                           StatusOr<std::optional<SessionFacts>> facts,
                           Done<SignedInAs> done) {
  if (!facts.ok()) return std::move(done)(facts.status());
  if (!facts->has_value()) {
    return std::move(done)(Offline(
        "the cloud accepted the password, but does not know the session that "
        "it returned"));
  }
  const SessionFacts& about = **facts;
  const SessionCookie for_mail = cookie.Clone();
  const Status adopted =
      Adopt({std::move(cookie), about.user_id, about.email, about.expires_at});
  if (!adopted.ok()) return std::move(done)(adopted);
  SignedInAs signed_in{about.email, "", about.email_verified};
  if (about.email_verified) return std::move(done)(std::move(signed_in));
  remote_.SendVerification(for_mail, about.email,
                           [signed_in = std::move(signed_in),
                            done = std::move(done)](const Status&) mutable {
                             // The login stands; the person is told that the
                             // mail is on its way, and can ask again by logging
                             // in again.
                             std::move(done)(std::move(signed_in));
                           });
}

Status Accounts::Adopt(Account account) {
  // At rest first: if that fails, the session that there was stays.
  DataKey data_key = DataKey::Generate();
  if (Status saved = store_.Save(account, data_key); !saved.ok()) {
    return Annotate(saved, "logged in, but the session cannot be stored");
  }
  Drop();
  session_.SignIn(std::move(account), std::move(data_key));
  syncer_.Hurry();
  return OkStatus();
}

void Accounts::Logout(Done<SignedOut> done) {
  if (const Status ready = CheckStore(); !ready.ok()) {
    return std::move(done)(ready);
  }
  if (session_.state() == Session::State::kApiKey) {
    return std::move(done)(WithRemedy(
        Denied("the agent uses LIBRETTO_API_KEY of its own environment, not a "
               "login"),
        "librettoctl agent stop, then start it without LIBRETTO_API_KEY"));
  }
  if (session_.state() == Session::State::kSignedOut) {
    return std::move(done)(SignedOut{});
  }
  const bool ended = session_.state() == Session::State::kEnded;
  const SessionCookie cookie = session_.account().cookie.Clone();
  SignedOut outcome;
  outcome.was_signed_in = true;
  if (const Status cleared = store_.Clear(); !cleared.ok()) {
    return std::move(done)(cleared);
  }
  // Here at once, whatever the cloud says; there as far as it can be reached.
  cache_.Clear();
  snapshot_.Remove();
  lease_.Release([this, ended, outcome = std::move(outcome),
                  cookie = cookie.Clone(),
                  done = std::move(done)](const Status& released) mutable {
    if (!released.ok()) {
      outcome.not_revoked.push_back("the agent's API key: " +
                                    Message(released));
    }
    if (ended) return std::move(done)(std::move(outcome));
    remote_.SignOut(cookie, [outcome = std::move(outcome),
                             done = std::move(done)](
                                const Status& signed_out) mutable {
      if (!signed_out.ok()) {
        outcome.not_revoked.push_back("the session: " + Message(signed_out));
      }
      std::move(done)(std::move(outcome));
    });
  });
  session_.SignOut();
}

void Accounts::ForgotPassword(const std::string& api_url,
                              const std::string& email, Done<bool> done) {
  remote_.ForgotPassword(api_url, email, std::move(done));
}

void Accounts::DeleteAccount(const std::string& email, Done<std::string> done) {
  if (session_.state() != Session::State::kSignedIn) {
    const Status gate = session_.Gate();
    return std::move(done)(
        gate.ok() ? Denied("an API key cannot delete an account") : gate);
  }
  if (email != session_.account().email) {
    return std::move(done)(
        Invalid("that is not the address of who is logged in"));
  }
  remote_.DeleteAccount(
      session_.account().cookie,
      [this, email = std::string(email), epoch = session_.epoch(),
       done = std::move(done)](const Status& deleted) mutable {
        if (!deleted.ok()) return std::move(done)(deleted);
        // The keys went with the account; there is nothing left to revoke.
        if (epoch == session_.epoch()) {
          (void)store_.Clear();
          Drop();
        }
        std::move(done)(std::move(email));
      });
}

void Accounts::WhoAmI(bool check, Done<Identity> done) {
  Identity identity;
  identity.api_url = session_.api_url();
  if (session_.state() == Session::State::kEnded) {
    return std::move(done)(session_.Gate());
  }
  if (!session_.usable()) return std::move(done)(std::move(identity));
  if (session_.state() == Session::State::kSignedIn) {
    identity.email = session_.account().email;
    identity.user_id = session_.account().user_id;
    identity.expires_at = session_.account().expires_at;
  }
  if (!check) return std::move(done)(std::move(identity));
  remote_.GetSession(session_.principal(),
                     [this, identity = std::move(identity),
                      epoch = session_.epoch(), done = std::move(done)](
                         StatusOr<std::optional<SessionFacts>> facts) mutable {
                       if (!facts.ok()) return std::move(done)(facts.status());
                       if (epoch != session_.epoch()) {
                         return WhoAmI(/*check=*/false, std::move(done));
                       }
                       if (!facts->has_value())
                         return std::move(done)(Disowned());
                       identity.email = (*facts)->email;
                       identity.user_id = (*facts)->user_id;
                       identity.email_verified = (*facts)->email_verified;
                       // For a key the cloud makes up a session that ends.
                       if (session_.state() == Session::State::kSignedIn) {
                         identity.expires_at = (*facts)->expires_at;
                       }
                       CheckOrganization(std::move(identity), std::move(done));
                     });
}

Status Accounts::Disowned() {
  if (session_.state() != Session::State::kSignedIn) {
    return Unauthenticated("the cloud does not accept the API key");
  }
  session_.MarkEnded();
  return session_.Gate();
}

void Accounts::CheckOrganization(Identity identity, Done<Identity> done) {
  organizations_.ListOrganizations(
      session_.principal(),
      [identity = std::move(identity), done = std::move(done)](
          StatusOr<std::vector<Organization>> organizations) mutable {
        if (!organizations.ok()) {
          return std::move(done)(organizations.status());
        }
        if (!organizations->empty()) {
          identity.organization = std::move(organizations->front());
        }
        std::move(done)(std::move(identity));
      });
}

}  // namespace libretto
