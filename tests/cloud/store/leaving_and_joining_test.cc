// Those who join while the last owner leaves, on every database: one of the two
// happens, whichever comes first.
#include <functional>
#include <latch>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/store/store_fixture.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;
using testing::At;
using testing::StoreTest;

// Enough for the two to meet: without the lock that both take, PostgreSQL lost
// a new member or found a deadlock within the first few.
constexpr int kRounds = 40;

class LeavingAndJoiningTest : public StoreTest {
 protected:
  static Membership MemberOf(const std::string& owner,
                             const std::string& name) {
    return {.id = "member " + name,
            .user_id = "user " + name,
            .organization_id = "org " + owner,
            .role = "admin",
            .created_at = At(20)};
  }

  void Invite(const std::string& owner, const std::string& name) {
    ASSERT_THAT(store_->AddInvitation({.id = "invitation of " + name,
                                       .organization_id = "org " + owner,
                                       .email = name + "@x.test",
                                       .role = "admin",
                                       .inviter_id = "user " + owner,
                                       .created_at = At(10),
                                       .expires_at = At(1000)},
                                      /*max_per_organization=*/3),
                IsOk());
  }

  // `join` into the organisation of `owner`, who leaves it at the same time.
  void Race(const std::string& owner, const std::string& name,
            const std::function<Status()>& join) {
    std::latch start(2);
    Status left;
    std::thread leaver([this, &start, &left, &owner] {
      start.arrive_and_wait();
      left = store_->RemoveAccount("user " + owner);
    });
    start.arrive_and_wait();
    const Status joined = join();
    leaver.join();
    if (joined.ok()) {
      EXPECT_EQ(RefusalOf(left), Refusal::kOnlyOwner) << left;
      EXPECT_THAT(store_->MembershipOf("user " + name), IsOk());
    } else {
      EXPECT_EQ(RefusalOf(joined), Refusal::kInvitationNotFound) << joined;
      EXPECT_THAT(left, IsOk());
    }
  }
};

TEST_P(LeavingAndJoiningTest, WhoAcceptsWhileTheLastOwnerLeavesIsInOrRefused) {
  for (int i = 0; i < kRounds && !HasFailure(); ++i) {
    const std::string owner = "ann" + std::to_string(i);
    const std::string name = "bob" + std::to_string(i);
    AddAccount(owner);
    AddLoneAccount(name);
    Invite(owner, name);
    Race(owner, name, [this, &owner, &name] {
      return store_->AcceptInvitation("invitation of " + name,
                                      MemberOf(owner, name), "session " + name);
    });
  }
}

TEST_P(LeavingAndJoiningTest, WhoSignsUpWhileTheLastOwnerLeavesIsInOrRefused) {
  for (int i = 0; i < kRounds && !HasFailure(); ++i) {
    const std::string owner = "ann" + std::to_string(i);
    const std::string name = "bob" + std::to_string(i);
    AddAccount(owner);
    Invite(owner, name);
    Race(owner, name, [this, &owner, &name] {
      NewAccount account = LoneAccount(name);
      account.membership = MemberOf(owner, name);
      account.invitation_id = "invitation of " + name;
      return store_->AddAccount(account);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Databases, LeavingAndJoiningTest,
                         testing::AllDatabases(), testing::NameOfDatabase);

}  // namespace
}  // namespace libretto::cloud
