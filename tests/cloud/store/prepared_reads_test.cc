// Statements that stay prepared read what is there now, on every database.
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cloud/store/store_fixture.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;
using testing::StoreTest;

const auto kNotFound = HasCode(StatusCode::kNotFound);

class PreparedReadsTest : public StoreTest {
 protected:
  StatusOr<KeyAndUser> Key() { return store_->ApiKeyByHash("hash of a"); }
  StatusOr<Store::IdAndSealed> Credential() {
    return store_->CredentialByName("org ann", "x");
  }

  void AddKeyAndCredential() {
    AddAccount("ann");
    ASSERT_THAT(AddApiKey(KeyOf("user ann", "a")), IsOk());
    ASSERT_THAT(AddCredential("org ann", "x"), IsOk());
    ASSERT_THAT(Key(), IsOk());
    ASSERT_THAT(Credential(), IsOk());
  }
};

TEST_P(PreparedReadsTest, ARevokedKeyIsGoneAtOnce) {
  AddKeyAndCredential();
  ASSERT_THAT(store_->ChangeApiKey("user ann", "a", {.enabled = false}),
              IsOk());
  EXPECT_FALSE(Key()->key.enabled);
  ASSERT_THAT(store_->RemoveApiKey("user ann", "a"), IsOk());
  EXPECT_THAT(Key(), kNotFound);
  ASSERT_THAT(AddApiKey(KeyOf("user ann", "a")), IsOk());
  EXPECT_TRUE(Key()->key.enabled);
}

TEST_P(PreparedReadsTest, WhatAnotherProgramWritesIsSeenAtOnce) {
  AddKeyAndCredential();
  Sql() << "UPDATE credentials SET sealed = 'other'";
  EXPECT_EQ(Credential()->sealed, "other");
  Sql() << "DELETE FROM credentials";
  EXPECT_THAT(Credential(), kNotFound);
  Sql() << "DELETE FROM members";
  EXPECT_EQ(Key()->tenant_id, "");
  Sql() << "DELETE FROM api_keys";
  EXPECT_THAT(Key(), kNotFound);
}

TEST_P(PreparedReadsTest, AReadWaitsForNoWriter) {
  AddKeyAndCredential();
  Sql().begin();
  Sql() << "UPDATE credentials SET sealed = 'other'";
  Sql() << "DELETE FROM api_keys";
  EXPECT_EQ(Credential()->sealed, "sealed x");
  EXPECT_THAT(Key(), IsOk());
  Sql().commit();
  EXPECT_EQ(Credential()->sealed, "other");
  EXPECT_THAT(Key(), kNotFound);
}

TEST_P(PreparedReadsTest, NothingIsLeftOfTheRowBefore) {
  AddKeyAndCredential();
  ApiKey named = KeyOf("user ann", "b");
  named.name = "laptop";
  named.expires_at = testing::At(1000);
  ASSERT_THAT(AddApiKey(named), IsOk());
  EXPECT_EQ(store_->ApiKeyByHash("hash of b")->key.name, "laptop");
  EXPECT_EQ(Key()->key.name, std::nullopt);
  EXPECT_EQ(Key()->key.expires_at, std::nullopt);
}

TEST_P(PreparedReadsTest, AReadThatFailedIsPreparedAnew) {
  AddKeyAndCredential();
  Sql() << "ALTER TABLE credentials RENAME TO elsewhere";
  EXPECT_THAT(Credential(), HasCode(StatusCode::kInternal));
  Sql() << "ALTER TABLE elsewhere RENAME TO credentials";
  EXPECT_THAT(Credential(), IsOk());
  EXPECT_THAT(Key(), IsOk());
}

TEST_P(PreparedReadsTest, ManyThreadsEachReadTheirOwn) {
  constexpr int kThreads = 8;
  AddAccount("ann");
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_THAT(AddCredential("org ann", name), IsOk());
    ASSERT_THAT(AddApiKey(KeyOf("user ann", name), kThreads), IsOk());
  }
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, name = "n" + std::to_string(i)] {
      for (int round = 0; round < 100; ++round) {
        const auto key = store_->ApiKeyByHash("hash of " + name);
        ASSERT_THAT(key, IsOk());
        ASSERT_EQ(key->key.id, name);
        const auto credential = store_->CredentialByName("org ann", name);
        ASSERT_THAT(credential, IsOk());
        ASSERT_EQ(credential->sealed, "sealed " + name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

INSTANTIATE_TEST_SUITE_P(Databases, PreparedReadsTest, testing::AllDatabases(),
                         testing::NameOfDatabase);

}  // namespace
}  // namespace libretto::cloud
