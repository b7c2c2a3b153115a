// One suite for every database.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/store/store_fixture.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;
using libretto::testing::MessageHas;
using testing::At;
using testing::StoreTest;

TEST_P(StoreTest, AnAccountIsThereAfterANewStart) {
  AddAccount("ann");
  Reopen();
  const auto login = store_->LoginByEmail("ann@x.test");
  ASSERT_THAT(login, IsOk());
  EXPECT_EQ(login->user.id, "user ann");
  EXPECT_EQ(login->user.name, "ann");
  EXPECT_FALSE(login->user.email_verified);
  EXPECT_EQ(login->user.created_at, At(1'767'225'600'123));
  EXPECT_EQ(login->user.updated_at, At(1'767'225'600'124));
  EXPECT_EQ(login->password_hash, "hash of ann");
  const auto organizations = store_->OrganizationsOf("user ann");
  ASSERT_THAT(organizations, IsOk());
  ASSERT_EQ(organizations->size(), 1U);
  EXPECT_EQ(organizations->front().slug, "ann");
  EXPECT_EQ(organizations->front().alert_email, "alert@x.test");
  EXPECT_EQ(organizations->front().created_at, At(5));
}

// Deleted while a request that asks for them is under way.
TEST_P(StoreTest, NothingIsAddedToWhatIsGone) {
  AddAccount("ann");
  const auto not_found = HasCode(StatusCode::kNotFound);
  EXPECT_THAT(AddCredential("org gone", "a"), not_found);
  EXPECT_THAT(store_->AddOneTimeToken({.token_hash = "token",
                                       .user_id = "user gone",
                                       .expires_at = At(1000)}),
              not_found);
  Invitation invitation{.id = "invitation",
                        .organization_id = "org gone",
                        .email = "bob@x.test",
                        .role = "member",
                        .inviter_id = "user ann",
                        .created_at = At(10),
                        .expires_at = At(1000)};
  EXPECT_THAT(store_->AddInvitation(invitation, /*max_per_organization=*/3),
              not_found);
  invitation.organization_id = "org ann";
  invitation.inviter_id = "user gone";
  EXPECT_THAT(store_->AddInvitation(invitation, /*max_per_organization=*/3),
              not_found);
}

TEST_P(StoreTest, AnAccountIsAddedAsAWholeOrNotAtAll) {
  AddAccount("ann");
  NewAccount same_slug = Account("bob");
  same_slug.organization->slug = "ann";
  EXPECT_EQ(RefusalOf(store_->AddAccount(same_slug)), Refusal::kSlugTaken);
  NewAccount same_email = Account("bob");
  same_email.user.email = "ann@x.test";
  EXPECT_EQ(RefusalOf(store_->AddAccount(same_email)), Refusal::kEmailTaken);
  NewAccount same_session = Account("bob");
  same_session.session.token_hash = "hash of session ann";
  EXPECT_THAT(store_->AddAccount(same_session), HasCode(StatusCode::kInternal));
  for (const char* table : {"users", "organizations", "members", "sessions"}) {
    int rows = 0;
    Sql() << "SELECT COUNT(*) FROM " << table, soci::into(rows);
    EXPECT_EQ(rows, 1) << table;
  }
  AddAccount("bob");
}

TEST_P(StoreTest, WhatIsNotThereIsNotFound) {
  const auto not_found = HasCode(StatusCode::kNotFound);
  EXPECT_THAT(store_->Setting("x"), not_found);
  EXPECT_THAT(store_->LoginByEmail("x"), not_found);
  EXPECT_THAT(store_->UserById("x"), not_found);
  EXPECT_THAT(store_->SessionByTokenHash("x"), not_found);
  EXPECT_THAT(store_->ApiKeyByHash("x"), not_found);
  EXPECT_THAT(store_->CliLoginById("x"), not_found);
  EXPECT_THAT(store_->RemoveAccount("x"), not_found);
  EXPECT_THAT(store_->RemoveApiKey("x", "y"), not_found);
  EXPECT_THAT(store_->CredentialByName("x", "y"), not_found);
  EXPECT_THAT(store_->ChangeCredential("x", "y", {.name = "z"}, At(1)),
              not_found);
  EXPECT_THAT(store_->RemoveCredential("x", "y"), not_found);
}

TEST_P(StoreTest, ASettingStaysAsItWasAdded) {
  ASSERT_THAT(store_->AddSetting("key", "one"), IsOk());
  ASSERT_THAT(store_->AddSetting("key", "two"), IsOk());
  EXPECT_EQ(*store_->Setting("key"), "one");
}

TEST_P(StoreTest, ASessionComesWithItsUser) {
  AddAccount("ann");
  Session session = SessionOf("user ann", "s");
  session.remember = false;
  ASSERT_THAT(store_->AddSession(session, "hash of ann"), IsOk());
  ASSERT_THAT(store_->ExtendSession("s", At(3), At(2000)), IsOk());
  const auto found = store_->SessionByTokenHash("hash of s");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->user.email, "ann@x.test");
  EXPECT_EQ(found->session.id, "s");
  EXPECT_FALSE(found->session.remember);
  EXPECT_EQ(found->session.user_agent, "test");
  EXPECT_EQ(found->session.created_at, At(1));
  EXPECT_EQ(found->session.updated_at, At(3));
  EXPECT_EQ(found->session.expires_at, At(2000));
  ASSERT_THAT(store_->RemoveSession("hash of s"), IsOk());
  EXPECT_THAT(store_->SessionByTokenHash("hash of s"),
              HasCode(StatusCode::kNotFound));
  EXPECT_THAT(store_->SessionByTokenHash("hash of session ann"), IsOk());
}

TEST_P(StoreTest, AnApiKeyKeepsWhatIsSetAndWhatIsNot) {
  AddAccount("ann");
  ApiKey full = KeyOf("user ann", "full");
  full.name = "";
  full.prefix = "lc_";
  full.metadata = R"({"a":1})";
  full.expires_at = At(1000);
  ASSERT_THAT(AddApiKey(full), IsOk());
  ASSERT_THAT(AddApiKey(KeyOf("user ann", "bare")), IsOk());
  const auto found = store_->ApiKeyByHash("hash of full");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->tenant_id, "org ann");
  EXPECT_EQ(found->user.id, "user ann");
  EXPECT_EQ(found->key.name, "");
  EXPECT_EQ(found->key.prefix, "lc_");
  EXPECT_EQ(found->key.metadata, R"({"a":1})");
  EXPECT_EQ(found->key.expires_at, At(1000));
  EXPECT_EQ(found->key.last_request, std::nullopt);
  EXPECT_TRUE(found->key.enabled);
  const auto bare = store_->ApiKeyByHash("hash of bare");
  ASSERT_THAT(bare, IsOk());
  EXPECT_EQ(bare->key.name, std::nullopt);
  EXPECT_EQ(bare->key.expires_at, std::nullopt);
}

TEST_P(StoreTest, AUserHasSoManyKeysThatWorkAlsoWhenMadeAtOnce) {
  AddAccount("ann");
  AddAccount("bob");
  ApiKey ends = KeyOf("user ann", "ends");
  ends.expires_at = At(2);
  ASSERT_THAT(AddApiKey(ends), IsOk());
  ASSERT_THAT(AddApiKey(KeyOf("user bob", "bob's")), IsOk());
  std::atomic<int> added = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, &added, i] {
      ApiKey key = KeyOf("user ann", std::to_string(i));
      key.created_at = At(2);
      const Status status = AddApiKey(key, /*max_per_user=*/3);
      if (status.ok()) {
        ++added;
      } else {
        EXPECT_EQ(RefusalOf(status), Refusal::kTooManyApiKeys) << status;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 3);
}

TEST_P(StoreTest, AUserWithoutOrganizationHasNoTenant) {
  AddLoneAccount("ann");
  ASSERT_THAT(AddApiKey(KeyOf("user ann", "key")), IsOk());
  EXPECT_EQ(store_->ApiKeyByHash("hash of key")->tenant_id, "");
  EXPECT_TRUE(store_->OrganizationsOf("user ann")->empty());
}

TEST_P(StoreTest, KeysAreListedOldestFirstAndRemovedByTheirUserAlone) {
  AddAccount("ann");
  AddAccount("bob");
  ApiKey late = KeyOf("user ann", "a late one");
  late.created_at = At(2);
  ASSERT_THAT(AddApiKey(late), IsOk());
  ASSERT_THAT(AddApiKey(KeyOf("user ann", "b")), IsOk());
  ASSERT_THAT(AddApiKey(KeyOf("user bob", "c")), IsOk());
  const auto keys = store_->ApiKeysOf("user ann");
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0].id, "b");
  EXPECT_EQ((*keys)[1].id, "a late one");
  EXPECT_THAT(store_->RemoveApiKey("user bob", "b"),
              HasCode(StatusCode::kNotFound));
  EXPECT_THAT(store_->RemoveApiKey("user ann", "b"), IsOk());
  EXPECT_EQ(store_->ApiKeysOf("user ann")->size(), 1U);
}

TEST_P(StoreTest, AKeyIsChangedByItsUserAloneAndOnlyInWhatIsSaid) {
  AddAccount("ann");
  ApiKey key = KeyOf("user ann", "a");
  key.name = "laptop";
  ASSERT_THAT(AddApiKey(key), IsOk());
  ASSERT_THAT(store_->ChangeApiKey("user ann", "a", {.enabled = false}),
              IsOk());
  EXPECT_FALSE(store_->ApiKeyByHash("hash of a")->key.enabled);
  ASSERT_THAT(store_->ChangeApiKey("user ann", "a", {.name = "ci"}), IsOk());
  const auto keys = store_->ApiKeysOf("user ann");
  EXPECT_EQ(keys->front().name, "ci");
  EXPECT_FALSE(keys->front().enabled);
  EXPECT_EQ(keys->front().updated_at, At(1));
  EXPECT_THAT(store_->ChangeApiKey("user bob", "a", {.enabled = true}),
              HasCode(StatusCode::kNotFound));
  EXPECT_FALSE(store_->ApiKeyByHash("hash of a")->key.enabled);
}

TEST_P(StoreTest, UsesOfKeysAreNotedTogether) {
  AddAccount("ann");
  ASSERT_THAT(AddApiKey(KeyOf("user ann", "a")), IsOk());
  ASSERT_THAT(AddApiKey(KeyOf("user ann", "b")), IsOk());
  ASSERT_THAT(store_->NoteApiKeyUses({{"a", At(5)}, {"gone", At(6)}}), IsOk());
  const auto keys = store_->ApiKeysOf("user ann");
  EXPECT_EQ((*keys)[0].last_request, At(5));
  EXPECT_EQ((*keys)[0].updated_at, At(5));
  EXPECT_EQ((*keys)[1].last_request, std::nullopt);
}

TEST_P(StoreTest, OnlyWhatHasExpiredIsRemoved) {
  AddAccount("ann");
  ApiKey ends = KeyOf("user ann", "ends");
  ends.expires_at = At(1000);
  ASSERT_THAT(AddApiKey(ends), IsOk());
  ASSERT_THAT(AddApiKey(KeyOf("user ann", "stays")), IsOk());
  ASSERT_THAT(store_->RemoveExpired(At(999)), IsOk());
  EXPECT_EQ(store_->ApiKeysOf("user ann")->size(), 2U);
  EXPECT_THAT(store_->SessionByTokenHash("hash of session ann"), IsOk());
  ASSERT_THAT(store_->RemoveExpired(At(1000)), IsOk());
  EXPECT_EQ(store_->ApiKeysOf("user ann")->size(), 1U);
  EXPECT_THAT(store_->SessionByTokenHash("hash of session ann"),
              HasCode(StatusCode::kNotFound));
}

TEST_P(StoreTest, CredentialsAreListedInByteOrder) {
  AddAccount("ann");
  for (const char* name : {"b", "a_1", "B", "a-1", "\xc3\xa4", "a"}) {
    ASSERT_THAT(AddCredential("org ann", name), IsOk());
  }
  const auto credentials = store_->CredentialsOf("org ann");
  ASSERT_THAT(credentials, IsOk());
  std::string names;
  for (const Credential& credential : *credentials) {
    names += credential.name + " ";
  }
  EXPECT_EQ(names, "B a a-1 a_1 b \xc3\xa4 ");
}

TEST_P(StoreTest, ANameIsUniqueWithinItsTenant) {
  AddAccount("ann");
  AddAccount("bob");
  ASSERT_THAT(AddCredential("org ann", "a"), IsOk());
  ASSERT_THAT(AddCredential("org bob", "a"), IsOk());
  EXPECT_EQ(RefusalOf(AddCredential("org ann", "a")),
            Refusal::kCredentialExists);
  ASSERT_THAT(AddCredential("org ann", "b"), IsOk());
  EXPECT_EQ(RefusalOf(store_->ChangeCredential("org ann", "id of a of org ann",
                                               {.name = "b"}, At(20))),
            Refusal::kCredentialExists);
  EXPECT_EQ(store_->CredentialByName("org ann", "a")->sealed, "sealed a");
}

TEST_P(StoreTest, AChangeLeavesTheRestAndAlwaysMovesUpdatedAt) {
  AddAccount("ann");
  ASSERT_THAT(AddCredential("org ann", "a"), IsOk());
  const auto change = [this](const CredentialChange& what, Timestamp now) {
    ASSERT_THAT(
        store_->ChangeCredential("org ann", "id of a of org ann", what, now),
        IsOk());
  };
  const auto updated = [this] {
    return store_->CredentialsOf("org ann")->front().updated_at;
  };
  change({.sealed = "new"}, At(50));
  EXPECT_EQ(updated(), At(50));
  EXPECT_EQ(store_->CredentialByName("org ann", "a")->sealed, "new");
  change({.name = "b"}, At(50));
  EXPECT_EQ(updated(), At(51));
  EXPECT_EQ(store_->CredentialByName("org ann", "b")->sealed, "new");
  change({.sealed = "newer"}, At(20));  // a clock that was set back
  EXPECT_EQ(updated(), At(52));
}

TEST_P(StoreTest, ATenantReachesOnlyItsOwnCredentials) {
  AddAccount("ann");
  AddAccount("bob");
  ASSERT_THAT(AddCredential("org ann", "a"), IsOk());
  const std::string id = "id of a of org ann";
  const auto not_found = HasCode(StatusCode::kNotFound);
  EXPECT_THAT(store_->CredentialByName("org bob", "a"), not_found);
  EXPECT_THAT(store_->ChangeCredential("org bob", id, {.name = "x"}, At(1)),
              not_found);
  EXPECT_THAT(store_->RemoveCredential("org bob", id), not_found);
  EXPECT_TRUE(store_->CredentialsOf("org bob")->empty());
  EXPECT_EQ(store_->CredentialByName("org ann", "a")->sealed, "sealed a");
}

TEST_P(StoreTest, LongAndHostileTextIsOnlyText) {
  AddAccount("ann");
  const std::string hostile = "'); DROP TABLE users; -- :name $1 ? \\ \"";
  ASSERT_THAT(AddCredential("org ann", hostile), IsOk());
  EXPECT_THAT(store_->CredentialByName("org ann", hostile), IsOk());
  EXPECT_THAT(store_->LoginByEmail(hostile), HasCode(StatusCode::kNotFound));
  const std::string sealed(100'000, 's');
  ASSERT_THAT(
      store_->ChangeCredential("org ann", "id of " + hostile + " of org ann",
                               {.sealed = sealed}, At(20)),
      IsOk());
  EXPECT_EQ(store_->CredentialByName("org ann", hostile)->sealed, sealed);
}

TEST_P(StoreTest, AFailureQuotesNothingThatWasBound) {
  AddAccount("ann");
  const Session session = SessionOf("user ann", "canary");
  ASSERT_THAT(store_->AddSession(session, "hash of ann"), IsOk());
  const Status again = store_->AddSession(session, "hash of ann");
  EXPECT_FALSE(again.ok());
  EXPECT_EQ(again.ToString().find("canary"), std::string::npos) << again;
}

TEST_P(StoreTest, ManyThreadsLoseNothing) {
  AddAccount("ann");
  ASSERT_THAT(AddCredential("org ann", "a"), IsOk());
  constexpr int kThreads = 4;
  constexpr int kChanges = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kChanges; ++i) {
        EXPECT_THAT(store_->ChangeCredential("org ann", "id of a of org ann",
                                             {.sealed = "x"}, At(0)),
                    IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->CredentialsOf("org ann")->front().updated_at,
            At(10 + kThreads * kChanges));
}

TEST_P(StoreTest, ASchemaFromTheFutureIsRefused) {
  Sql() << "INSERT INTO schema_version (version) VALUES (1000)";
  store_.reset();
  EXPECT_THAT(SociStore::Open(url_), MessageHas("newer libretto-cloud"));
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreTest, testing::AllDatabases(),
                         testing::NameOfDatabase);

}  // namespace
}  // namespace libretto::cloud
