// What is good for one use: mailed tokens and logins of the command line. Each
// use is the change of a row that only one can make.
#include "cloud/store/connection.h"
#include "cloud/store/membership_rows.h"
#include "cloud/store/session_rows.h"
#include "cloud/store/soci_store.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

std::string NameOf(TokenPurpose purpose) {
  return purpose == TokenPurpose::kVerifyEmail ? "verify-email"
                                               : "reset-password";
}

StatusOr<std::string> FindUserOfToken(soci::session& sql,
                                      const std::string& purpose,
                                      const std::string& hash, long long now) {
  Nullable<std::string> user;
  sql << "SELECT user_id FROM one_time_tokens WHERE token_hash = :hash "
         "AND purpose = :purpose AND expires_at > :now",
      into(user.value, user.indicator), use(hash, "hash"),
      use(purpose, "purpose"), use(now, "now");
  if (!sql.got_data() || !user.Get().has_value()) {
    return NotFound("no such token");
  }
  return *user.Get();
}

// REQUIRES: the user's row was changed before, in this transaction. Two tokens
// of one user then wait for each other there, and not crosswise here.
Status UseUpToken(soci::session& sql, const std::string& purpose,
                  const std::string& hash, const std::string& user) {
  const bool was_there = Affects(
      (sql.prepare << "DELETE FROM one_time_tokens WHERE token_hash = :hash",
       use(hash, "hash")));
  if (!was_there) return NotFound("the token was used just now");
  sql << "DELETE FROM one_time_tokens WHERE user_id = :user "
         "AND purpose = :purpose",
      use(user, "user"), use(purpose, "purpose");
  return OkStatus();
}

// Logins go before sessions: one that is being redeemed is waited for, and its
// session is then there to be ended.
void EndAccess(soci::session& sql, const std::string& user) {
  sql << "DELETE FROM cli_logins WHERE user_id = :user", use(user, "user");
  sql << "DELETE FROM sessions WHERE user_id = :user", use(user, "user");
  sql << "DELETE FROM api_keys WHERE user_id = :user AND NOT EXISTS (SELECT 1 "
         "FROM users u WHERE u.id = api_keys.user_id "
         "AND u.email_verified_at <= api_keys.created_at)",
      use(user, "user");
}

bool HasVerified(soci::session& sql, const std::string& user) {
  int verified = 0;
  sql << "SELECT email_verified FROM users WHERE id = :user", into(verified),
      use(user, "user");
  return verified != 0;
}

// Whoever signed up with an address that is not theirs chose the organisation,
// and may have friends in it. Unlike at an account's end the others may lose
// their only owner: better than that they share what the address's own user
// will store.
void TakeOutOfOrganization(soci::session& sql, const std::string& user) {
  const std::string organization = LockOrganizationOf(sql, user);
  if (organization.empty()) return;
  if (EndOrganizationOfOne(sql, organization, user)) return;
  sql << "DELETE FROM members WHERE user_id = :user", use(user, "user");
  // They would be good again if the user came back.
  sql << "DELETE FROM invitations WHERE inviter_id = :user", use(user, "user");
}

}  // namespace

Status SociStore::AddOneTimeToken(const OneTimeToken& token) {
  return OnConnection(*pool_, [&token](soci::session& sql) {
    Nullable<std::string> user(token.user_id);
    const std::string purpose = NameOf(token.purpose);
    const long long expires = ToMillis(token.expires_at);
    sql << "INSERT INTO one_time_tokens (token_hash, purpose, user_id, "
           "expires_at) VALUES (:hash, :purpose, :user, :expires)",
        use(token.token_hash, "hash"), use(purpose, "purpose"),
        use(user.value, user.indicator, "user"), use(expires, "expires");
    return OkStatus();
  });
}

StatusOr<std::string> SociStore::UserOfToken(TokenPurpose purpose,
                                             std::string_view token_hash,
                                             Timestamp now) {
  return OnConnection(
      *pool_, [purpose = NameOf(purpose), hash = std::string(token_hash),
               millis = ToMillis(now)](soci::session& sql) {
        return FindUserOfToken(sql, purpose, hash, millis);
      });
}

Status SociStore::VerifyEmail(std::string_view token_hash, Timestamp now) {
  return OnConnection(
      *pool_,
      [hash = std::string(token_hash),
       millis = ToMillis(now)](soci::session& sql) -> Status {
        const std::string purpose = NameOf(TokenPurpose::kVerifyEmail);
        soci::transaction transaction(sql);
        const auto user = FindUserOfToken(sql, purpose, hash, millis);
        if (!user.ok()) return user.status();
        sql << "UPDATE users SET email_verified = 1, email_verified_at = "
               "COALESCE(email_verified_at, :verified), updated_at = :now "
               "WHERE id = :user",
            use(millis, "verified"), use(millis, "now"), use(*user, "user");
        Status used = UseUpToken(sql, purpose, hash, *user);
        if (!used.ok()) return used;
        transaction.commit();
        return OkStatus();
      });
}

Status SociStore::ResetPassword(std::string_view token_hash,
                                std::string_view password_hash, Timestamp now) {
  return OnConnection(
      *pool_,
      [hash = std::string(token_hash), password = std::string(password_hash),
       millis = ToMillis(now)](soci::session& sql) -> Status {
        const std::string purpose = NameOf(TokenPurpose::kResetPassword);
        soci::transaction transaction(sql);
        const auto user = FindUserOfToken(sql, purpose, hash, millis);
        if (!user.ok()) return user.status();
        sql << "UPDATE users SET password_hash = :password, updated_at = :now "
               "WHERE id = :user",
            use(password, "password"), use(millis, "now"), use(*user, "user");
        Status used = UseUpToken(sql, purpose, hash, *user);
        if (!used.ok()) return used;
        EndAccess(sql, *user);
        if (!HasVerified(sql, *user)) TakeOutOfOrganization(sql, *user);
        transaction.commit();
        return OkStatus();
      });
}

Status SociStore::AddCliLogin(const CliLogin& login) {
  return OnConnection(*pool_, [&login](soci::session& sql) {
    const long long expires = ToMillis(login.expires_at);
    sql << "INSERT INTO cli_logins (id, secret_hash, expires_at) VALUES (:id, "
           ":hash, :expires)",
        use(login.id, "id"), use(login.secret_hash, "hash"),
        use(expires, "expires");
    return OkStatus();
  });
}

StatusOr<CliLogin> SociStore::CliLoginById(std::string_view id) {
  return OnConnection(
      *pool_,
      [key = std::string(id)](soci::session& sql) -> StatusOr<CliLogin> {
        CliLogin login;
        Nullable<std::string> user;
        long long expires = 0;
        sql << "SELECT id, secret_hash, user_id, expires_at FROM cli_logins "
               "WHERE id = :id",
            into(login.id), into(login.secret_hash),
            into(user.value, user.indicator), into(expires), use(key, "id");
        if (!sql.got_data()) return NotFound("no such login");
        login.user_id = user.Get();
        login.expires_at = FromMillis(expires);
        return login;
      });
}

Status SociStore::ApproveCliLogin(std::string_view id, std::string_view user_id,
                                  std::string_view session_id, Timestamp now) {
  return OnConnection(
      *pool_,
      [key = std::string(id), user = std::string(user_id),
       session = std::string(session_id),
       millis = ToMillis(now)](soci::session& sql) -> Status {
        soci::transaction transaction(sql);
        Status held = HoldAccess(sql, user, session);
        if (!held.ok()) return held;
        const bool was_open =
            Affects((sql.prepare << "UPDATE cli_logins SET user_id = :user "
                                    "WHERE id = :id AND user_id IS NULL "
                                    "AND expires_at > :now",
                     use(user, "user"), use(key, "id"), use(millis, "now")));
        if (!was_open) return NotFound("no such open login");
        transaction.commit();
        return OkStatus();
      });
}

Status SociStore::RedeemCliLogin(std::string_view id, const Session& session,
                                 Timestamp now) {
  return OnConnection(
      *pool_,
      [key = std::string(id), &session,
       millis = ToMillis(now)](soci::session& sql) -> Status {
        soci::transaction transaction(sql);
        const bool was_there = Affects(
            (sql.prepare << "DELETE FROM cli_logins WHERE id = :id "
                            "AND user_id = :user AND expires_at > :now",
             use(key, "id"), use(session.user_id, "user"), use(millis, "now")));
        if (!was_there) return NotFound("no such approved login");
        InsertSession(sql, session);
        transaction.commit();
        return OkStatus();
      });
}

}  // namespace libretto::cloud
