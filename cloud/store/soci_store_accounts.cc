// Users and sessions.
#include "cloud/core/refusal.h"
#include "cloud/store/connection.h"
#include "cloud/store/membership_rows.h"
#include "cloud/store/session_rows.h"
#include "cloud/store/soci_store.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

bool InsertUser(soci::session& sql, const User& user,
                const std::string& password_hash) {
  const int verified = user.email_verified ? 1 : 0;
  const long long created = ToMillis(user.created_at);
  const long long updated = ToMillis(user.updated_at);
  return Affects(
      (sql.prepare << "INSERT INTO users (id, email, name, password_hash, "
                      "email_verified, created_at, updated_at) VALUES (:id, "
                      ":email, :name, :hash, :verified, :created, :updated) "
                      "ON CONFLICT (email) DO NOTHING",
       use(user.id, "id"), use(user.email, "email"), use(user.name, "name"),
       use(password_hash, "hash"), use(verified, "verified"),
       use(created, "created"), use(updated, "updated")));
}

int OtherOwnersOf(soci::session& sql, const std::string& organization,
                  const std::string& user) {
  int count = 0;
  sql << "SELECT COUNT(*) FROM members WHERE organization_id = :organization "
         "AND user_id <> :user AND role = 'owner'",
      into(count), use(organization, "organization"), use(user, "user");
  return count;
}

// The organisation goes with its last member, and keeps an owner otherwise.
// REQUIRES: the user is locked.
Status LeaveOrganization(soci::session& sql, const std::string& user) {
  const std::string organization = LockOrganizationOf(sql, user);
  if (organization.empty() || EndOrganizationOfOne(sql, organization, user)) {
    return OkStatus();
  }
  std::string role;
  sql << "SELECT role FROM members WHERE user_id = :user", into(role),
      use(user, "user");
  if (role == "owner" && OtherOwnersOf(sql, organization, user) == 0) {
    return Refuse(Refusal::kOnlyOwner);
  }
  return OkStatus();
}

}  // namespace

Status SociStore::AddAccount(const NewAccount& account) {
  return OnConnection(*pool_, [&account](soci::session& sql) {
    soci::transaction transaction(sql);
    if (account.invitation_id.has_value()) {
      LockOrganization(sql, account.membership->organization_id);
    }
    if (account.organization.has_value() &&
        !InsertOrganization(sql, *account.organization)) {
      return SlugTaken(account.organization->slug);
    }
    if (!InsertUser(sql, account.user, account.password_hash)) {
      return Refuse(Refusal::kEmailTaken);
    }
    if (account.membership.has_value()) {
      if (account.invitation_id.has_value() &&
          !EndInvitation(sql, *account.invitation_id,
                         account.membership->created_at)) {
        return Refuse(Refusal::kInvitationNotFound);
      }
      InsertMembership(sql, *account.membership);
    }
    InsertSession(sql, account.session);
    transaction.commit();
    return OkStatus();
  });
}

StatusOr<Login> SociStore::LoginByEmail(std::string_view email) {
  return OnConnection(
      *pool_,
      [address = std::string(email)](soci::session& sql) -> StatusOr<Login> {
        UserColumns user;
        std::string hash;
        sql << "SELECT id, email, name, email_verified, created_at, "
               "updated_at, password_hash FROM users WHERE email = :email",
            into(user.id), into(user.email), into(user.name),
            into(user.verified), into(user.created), into(user.updated),
            into(hash), use(address, "email");
        if (!sql.got_data()) return NotFound("no such user");
        return Login{user.Get(), std::move(hash)};
      });
}

StatusOr<User> SociStore::UserById(std::string_view id) {
  return OnConnection(
      *pool_, [key = std::string(id)](soci::session& sql) -> StatusOr<User> {
        UserColumns user;
        sql << "SELECT id, email, name, email_verified, created_at, "
               "updated_at FROM users WHERE id = :id",
            into(user.id), into(user.email), into(user.name),
            into(user.verified), into(user.created), into(user.updated),
            use(key, "id");
        if (!sql.got_data()) return NotFound("no such user");
        return user.Get();
      });
}

Status SociStore::RemoveAccount(std::string_view user_id) {
  return OnConnection(
      *pool_, [user = std::string(user_id)](soci::session& sql) -> Status {
        soci::transaction transaction(sql);
        if (!LockUser(sql, user)) return NotFound("no such user");
        Status left = LeaveOrganization(sql, user);
        if (!left.ok()) return left;
        sql << "DELETE FROM users WHERE id = :user", use(user, "user");
        transaction.commit();
        return OkStatus();
      });
}

Status SociStore::AddSession(const Session& session,
                             std::string_view password_hash) {
  return OnConnection(
      *pool_,
      [&session,
       hash = std::string(password_hash)](soci::session& sql) -> Status {
        soci::transaction transaction(sql);
        // Changes nothing, but waits for a reset that is on its way and makes
        // the next one wait.
        const bool is_current = Affects(
            (sql.prepare << "UPDATE users SET password_hash = password_hash "
                            "WHERE id = :user AND password_hash = :hash",
             use(session.user_id, "user"), use(hash, "hash")));
        if (!is_current) return NotFound("the password was changed");
        InsertSession(sql, session);
        transaction.commit();
        return OkStatus();
      });
}

StatusOr<SessionAndUser> SociStore::SessionByTokenHash(
    std::string_view token_hash) {
  return OnConnection(
      *pool_,
      [hash = std::string(token_hash)](
          soci::session& sql) -> StatusOr<SessionAndUser> {
        UserColumns user;
        Session session;
        int remember = 0;
        Nullable<std::string> active;
        long long created = 0;
        long long updated = 0;
        long long expires = 0;
        sql << "SELECT u.id, u.email, u.name, u.email_verified, u.created_at, "
               "u.updated_at, s.id, s.remember, s.user_agent, "
               "m.organization_id, s.created_at, s.updated_at, s.expires_at "
               "FROM sessions s JOIN users u ON u.id = s.user_id "
               // Who has left an organisation has it active no longer.
               "LEFT JOIN members m ON m.user_id = s.user_id "
               "AND m.organization_id = s.active_organization_id "
               "WHERE s.token_hash = :hash",
            into(user.id), into(user.email), into(user.name),
            into(user.verified), into(user.created), into(user.updated),
            into(session.id), into(remember), into(session.user_agent),
            into(active.value, active.indicator), into(created), into(updated),
            into(expires), use(hash, "hash");
        if (!sql.got_data()) return NotFound("no such session");
        session.token_hash = hash;
        session.user_id = user.id;
        session.remember = remember != 0;
        session.active_organization_id = active.Get();
        session.created_at = FromMillis(created);
        session.updated_at = FromMillis(updated);
        session.expires_at = FromMillis(expires);
        return SessionAndUser{std::move(session), user.Get()};
      });
}

Status SociStore::ExtendSession(std::string_view id, Timestamp now,
                                Timestamp expires_at) {
  return OnConnection(*pool_, [key = std::string(id), updated = ToMillis(now),
                               expires =
                                   ToMillis(expires_at)](soci::session& sql) {
    sql << "UPDATE sessions SET updated_at = :updated, expires_at = :expires "
           "WHERE id = :id",
        use(updated, "updated"), use(expires, "expires"), use(key, "id");
    return OkStatus();
  });
}

Status SociStore::RemoveSession(std::string_view token_hash) {
  return OnConnection(*pool_,
                      [hash = std::string(token_hash)](soci::session& sql) {
                        sql << "DELETE FROM sessions WHERE token_hash = :hash",
                            use(hash, "hash");
                        return OkStatus();
                      });
}

}  // namespace libretto::cloud
