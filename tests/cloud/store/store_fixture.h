// A store on a fresh database of the kind that the test is told, and samples of
// what it keeps. PostgreSQL is where LIBRETTO_TEST_POSTGRES says
// (tests/cloud/with_postgres.sh sets it); the test is skipped where it is
// silent.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "cloud/store/soci_store.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto::cloud::testing {

inline Timestamp At(std::int64_t millis) {
  return Timestamp(std::chrono::milliseconds(millis));
}

// For INSTANTIATE_TEST_SUITE_P.
inline auto AllDatabases() {
  return ::testing::Values(DatabaseUrl::Kind::kSqlite,
                           DatabaseUrl::Kind::kPostgresql);
}

inline std::string NameOfDatabase(
    const ::testing::TestParamInfo<DatabaseUrl::Kind>& parameter) {
  return parameter.param == DatabaseUrl::Kind::kSqlite ? "Sqlite"
                                                       : "Postgresql";
}

class StoreTest : public ::testing::TestWithParam<DatabaseUrl::Kind> {
 protected:
  void SetUp() override {
    url_ = {DatabaseUrl::Kind::kSqlite, directory_ / "a cloud.db"};
    if (GetParam() == DatabaseUrl::Kind::kPostgresql) {
      const char* const url = std::getenv("LIBRETTO_TEST_POSTGRES");
      if (url == nullptr) {
        GTEST_SKIP() << "NOT TESTED ON POSTGRESQL: run this through "
                        "tests/cloud/with_postgres.sh";
      }
      url_ = {DatabaseUrl::Kind::kPostgresql, url};
      Sql() << "DROP SCHEMA public CASCADE";
      Sql() << "CREATE SCHEMA public";
    }
    Reopen();
  }

  void Reopen() {
    store_.reset();
    auto opened = SociStore::Open(url_);
    ASSERT_THAT(opened, libretto::testing::IsOk());
    store_ = *std::move(opened);
  }

  // Past the store, to look at and to break what it keeps.
  soci::session& Sql() {
    if (!sql_) {
      sql_ =
          url_.kind == DatabaseUrl::Kind::kSqlite
              ? std::make_unique<soci::session>(
                    soci::sqlite3, "dbname=\"" + url_.target + "\"")
              : std::make_unique<soci::session>(soci::postgresql, url_.target);
    }
    return *sql_;
  }

  static Session SessionOf(const std::string& user, const std::string& id) {
    return {.id = id,
            .token_hash = "hash of " + id,
            .user_id = user,
            .user_agent = "test",
            .created_at = At(1),
            .updated_at = At(2),
            .expires_at = At(1000)};
  }

  static NewAccount Account(const std::string& name) {
    NewAccount account;
    account.user = {.id = "user " + name,
                    .email = name + "@x.test",
                    .name = name,
                    .created_at = At(1'767'225'600'123),
                    .updated_at = At(1'767'225'600'124)};
    account.password_hash = "hash of " + name;
    account.session = SessionOf(account.user.id, "session " + name);
    account.organization = Organization{.id = "org " + name,
                                        .slug = name,
                                        .name = name + " Inc.",
                                        .alert_email = "alert@x.test",
                                        .created_at = At(5)};
    account.membership = Membership{.id = "member " + name,
                                    .user_id = account.user.id,
                                    .organization_id = "org " + name,
                                    .role = "owner",
                                    .created_at = At(5)};
    return account;
  }

  void AddAccount(const std::string& name) {
    ASSERT_THAT(store_->AddAccount(Account(name)), libretto::testing::IsOk());
  }

  static NewAccount LoneAccount(const std::string& name) {
    NewAccount account = Account(name);
    account.organization.reset();
    account.membership.reset();
    return account;
  }

  void AddLoneAccount(const std::string& name) {
    ASSERT_THAT(store_->AddAccount(LoneAccount(name)),
                libretto::testing::IsOk());
  }

  // In the organisation "org ann".
  void AddMember(const std::string& name, const std::string& role) {
    NewAccount account = Account(name);
    account.organization.reset();
    account.membership->organization_id = "org ann";
    account.membership->role = role;
    ASSERT_THAT(store_->AddAccount(account), libretto::testing::IsOk());
  }

  // With the session that began with the account.
  Status AddApiKey(const ApiKey& key, int max_per_user = 3) {
    return store_->AddApiKey(key, "session " + key.user_id.substr(5),
                             max_per_user);
  }
  Status ApproveCliLogin(const std::string& id, const std::string& user,
                         Timestamp now = At(1)) {
    return store_->ApproveCliLogin(id, user, "session " + user.substr(5), now);
  }

  static ApiKey KeyOf(const std::string& user, const std::string& id) {
    return {.id = id,
            .key_hash = "hash of " + id,
            .user_id = user,
            .start = "abcdef",
            .created_at = At(1),
            .updated_at = At(1)};
  }

  Status AddCredential(const std::string& tenant, const std::string& name) {
    return store_->AddCredential(tenant,
                                 {.id = "id of " + name + " of " + tenant,
                                  .name = name,
                                  .created_at = At(10),
                                  .updated_at = At(10)},
                                 "sealed " + name);
  }

  int Rows(const std::string& table) {
    int rows = 0;
    Sql() << "SELECT COUNT(*) FROM " << table, soci::into(rows);
    return rows;
  }

  libretto::testing::TempDir directory_;
  DatabaseUrl url_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<soci::session> sql_;
};

}  // namespace libretto::cloud::testing
