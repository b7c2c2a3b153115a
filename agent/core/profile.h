// Profile: the objects that act for one account, wired to each other.
//
// Loop thread only.
#pragma once

#include <chrono>
#include <string>

#include "agent/core/accounts.h"
#include "agent/core/breaker.h"
#include "agent/core/broker.h"
#include "agent/core/browser_login.h"
#include "agent/core/cache_snapshot.h"
#include "agent/core/key_lease.h"
#include "agent/core/key_ring.h"
#include "agent/core/last_reads.h"
#include "agent/core/memberships.h"
#include "agent/core/sealed_cache.h"
#include "agent/core/session.h"
#include "agent/core/syncer.h"
#include "agent/core/watchers.h"

namespace libretto {

struct ProfileOptions {
  std::string name = "default";
  Syncer::Intervals sync;
  std::chrono::seconds max_offline{std::chrono::hours(24)};
  CacheLimits cache;
};

struct Remotes {
  CredentialRemote& credentials;
  KeyIssuer& keys;
  AccountRemote& accounts;
  OrganizationRemote& organizations;
};

struct Profile {
  Profile(const ProfileOptions& options, const Remotes& remotes,
          Breakers& breakers, KeyJournal& journal, SessionStore& store,
          SnapshotStore& snapshots, const Clock& clock)
      : cache(options.name, options.cache),
        lease(session, remotes.keys, journal, clock),
        broker(session, lease, cache, breakers, remotes.credentials, clock,
               {options.name, options.max_offline,
                options.sync.idle + options.sync.busy}),
        snapshot(options.name, session, cache, broker, snapshots, clock),
        syncer(session, broker, cache, clock, options.sync),
        watchers(session, broker, syncer, clock),
        accounts(session, lease, cache, snapshot, syncer, remotes.accounts,
                 remotes.organizations, store),
        browser_login(accounts, remotes.accounts, clock),
        memberships(session, accounts, remotes.organizations),
        keys(session, lease, remotes.keys),
        last_reads(clock) {}

  Session session;
  SealedCache cache;
  KeyLease lease;
  Broker broker;
  CacheSnapshot snapshot;
  Syncer syncer;
  Watchers watchers;
  Accounts accounts;
  BrowserLogin browser_login;
  Memberships memberships;
  KeyRing keys;
  LastReads last_reads;
};

}  // namespace libretto
