// The end of an account, on every database.
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
using testing::At;
using testing::StoreTest;

const auto kNotFound = HasCode(StatusCode::kNotFound);

class AccountEndTest : public StoreTest {
 protected:
  Status Remove(const std::string& name) {
    return store_->RemoveAccount("user " + name);
  }
};

TEST_P(AccountEndTest, EverythingOfTheOnlyMemberGoes) {
  AddAccount("ann");
  AddAccount("bob");
  for (const char* name : {"ann", "bob"}) {
    const std::string user = std::string("user ") + name;
    ASSERT_THAT(AddApiKey(KeyOf(user, name)), IsOk());
    ASSERT_THAT(AddCredential(std::string("org ") + name, "a"), IsOk());
    ASSERT_THAT(
        store_->AddOneTimeToken(
            {.token_hash = name, .user_id = user, .expires_at = At(1000)}),
        IsOk());
    ASSERT_THAT(
        store_->AddCliLogin(
            {.id = name, .secret_hash = "hash", .expires_at = At(1000)}),
        IsOk());
    ASSERT_THAT(ApproveCliLogin(name, user, At(1)), IsOk());
  }
  ASSERT_THAT(Remove("ann"), IsOk());
  for (const char* table :
       {"users", "organizations", "members", "sessions", "api_keys",
        "credentials", "one_time_tokens", "cli_logins"}) {
    EXPECT_EQ(Rows(table), 1) << table;
  }
  EXPECT_THAT(store_->UserById("user ann"), kNotFound);
  EXPECT_THAT(store_->CredentialByName("org bob", "a"), IsOk());
  EXPECT_THAT(Remove("ann"), kNotFound);
}

TEST_P(AccountEndTest, AUserWithoutOrganizationGoesToo) {
  AddLoneAccount("ann");
  ASSERT_THAT(Remove("ann"), IsOk());
  EXPECT_THAT(store_->UserById("user ann"), kNotFound);
}

TEST_P(AccountEndTest, AMemberLeavesTheRestInPlace) {
  AddAccount("ann");
  AddMember("bob", "member");
  ASSERT_THAT(AddCredential("org ann", "a"), IsOk());
  ASSERT_THAT(Remove("bob"), IsOk());
  EXPECT_EQ(Rows("members"), 1);
  EXPECT_THAT(store_->CredentialByName("org ann", "a"), IsOk());
}

TEST_P(AccountEndTest, TheOnlyOwnerOfOthersStays) {
  AddAccount("ann");
  AddMember("bob", "admin");
  EXPECT_EQ(RefusalOf(Remove("ann")), Refusal::kOnlyOwner);
  EXPECT_THAT(store_->UserById("user ann"), IsOk());
  EXPECT_THAT(store_->SessionByTokenHash("hash of session ann"), IsOk());
  AddMember("cyd", "owner");
  EXPECT_THAT(Remove("ann"), IsOk());
  EXPECT_EQ(store_->OrganizationsOf("user bob")->front().id, "org ann");
  EXPECT_EQ(RefusalOf(Remove("cyd")), Refusal::kOnlyOwner);
  EXPECT_THAT(Remove("bob"), IsOk());
  EXPECT_THAT(Remove("cyd"), IsOk());
  EXPECT_EQ(Rows("organizations"), 0);
}

TEST_P(AccountEndTest, OwnersWhoLeaveAtOnceLeaveOneBehind) {
  AddAccount("ann");
  const std::vector<std::string> owners = {"ann", "bob", "cyd", "dan"};
  for (std::size_t i = 1; i < owners.size(); ++i) {
    AddMember(owners[i], "owner");
  }
  AddMember("eve", "member");
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (const std::string& name : owners) {
    threads.emplace_back([this, &refused, &name] {
      const Status removed = Remove(name);
      if (RefusalOf(removed) == Refusal::kOnlyOwner) {
        ++refused;
      } else {
        EXPECT_THAT(removed, IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(Rows("members"), 2);
}

INSTANTIATE_TEST_SUITE_P(Databases, AccountEndTest, testing::AllDatabases(),
                         testing::NameOfDatabase);

}  // namespace
}  // namespace libretto::cloud
