// What is SQLite's or PostgreSQL's alone.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "cloud/store/soci_store.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;
using libretto::testing::MessageHas;
using Kind = DatabaseUrl::Kind;

TEST(SqliteTest, TheFileIsInWriteAheadMode) {
  const libretto::testing::TempDir directory;
  const std::string path = directory / "cloud.db";
  ASSERT_THAT(SociStore::Open({Kind::kSqlite, path}), IsOk());
  soci::session sql(soci::sqlite3, "dbname=" + path);
  std::string mode;
  sql << "PRAGMA journal_mode", soci::into(mode);
  EXPECT_EQ(mode, "wal");
}

TEST(PostgresqlTest, AConnectionThatBrokeIsMadeAnew) {
  const char* const url = std::getenv("LIBRETTO_TEST_POSTGRES");
  if (url == nullptr) {
    GTEST_SKIP() << "NOT TESTED ON POSTGRESQL: run this through "
                    "tests/cloud/with_postgres.sh";
  }
  const auto store = SociStore::Open({Kind::kPostgresql, url});
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT((*store)->AddSetting("key", "value"), IsOk());
  ASSERT_THAT((*store)->ApiKeyByHash("x"), HasCode(StatusCode::kNotFound));
  soci::session sql(soci::postgresql, url);
  sql << "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
         "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
  // Whoever gets a broken connection hears so, and mends it for the next.
  EXPECT_THAT((*store)->Setting("key"), HasCode(StatusCode::kUnavailable));
  EXPECT_THAT((*store)->ApiKeyByHash("x"), HasCode(StatusCode::kUnavailable));
  EXPECT_THAT((*store)->ApiKeyByHash("x"), HasCode(StatusCode::kNotFound));
  Status last = OkStatus();
  for (int i = 0; i < 20; ++i) last = (*store)->Setting("key").status();
  EXPECT_THAT(last, IsOk());
}

TEST(DatabaseUrlTest, SaysWhatItTakes) {
  EXPECT_EQ(DatabaseUrl::Parse("sqlite:/a b/c.db")->target, "/a b/c.db");
  EXPECT_EQ(DatabaseUrl::Parse("postgresql:///x?host=/tmp")->kind,
            Kind::kPostgresql);
  for (const char* text :
       {"", "sqlite:", "mysql://x", "/path", "sqlite:a\"b"}) {
    EXPECT_THAT(DatabaseUrl::Parse(text),
                HasCode(StatusCode::kInvalidArgument));
  }
}

TEST(DatabaseUrlTest, APasswordInTheUrlIsNotRepeated) {
  const Status status =
      SociStore::Open({Kind::kPostgresql,
                       "postgresql://u:canary@127.0.0.1:1/x?sslmode=disable"})
          .status();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.ToString().find("canary"), std::string::npos) << status;
}

TEST(SqliteTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT(SociStore::Open({Kind::kSqlite, "/nowhere/cloud.db"}),
              MessageHas("cannot open /nowhere/cloud.db"));
}

}  // namespace
}  // namespace libretto::cloud
