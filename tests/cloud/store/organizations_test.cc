// Organisations, members and invitations: one suite for every database.
#include <atomic>
#include <functional>
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
using Kind = DatabaseUrl::Kind;

class OrganizationStoreTest : public testing::StoreTest {
 protected:
  // Into ann's organisation, from 10 to 1000.
  static Invitation InvitationOf(const std::string& name) {
    return {.id = "invitation of " + name,
            .organization_id = "org ann",
            .email = name + "@x.test",
            .role = "member,admin",
            .inviter_id = "user ann",
            .created_at = At(10),
            .expires_at = At(1000)};
  }

  Status Add(const Invitation& invitation) {
    return store_->AddInvitation(invitation, /*max_per_organization=*/3);
  }

  static Membership MemberOf(const std::string& organization,
                             const std::string& name, Timestamp now = At(20)) {
    return {.id = "member " + name + " of " + organization,
            .user_id = "user " + name,
            .organization_id = organization,
            .role = "admin",
            .created_at = now};
  }

  Status Accept(const std::string& name, Timestamp now = At(20)) {
    return store_->AcceptInvitation("invitation of " + name,
                                    MemberOf("org ann", name, now),
                                    "session " + name);
  }

  // How many of `threads` at once are told OK.
  static int Winners(int threads, const std::function<Status(int)>& attempt) {
    std::atomic<int> winners = 0;
    std::vector<std::thread> running;
    running.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&winners, &attempt, i] {
        const Status status = attempt(i);
        if (status.ok()) ++winners;
        EXPECT_TRUE(status.ok() || RefusalOf(status).has_value()) << status;
      });
    }
    for (std::thread& thread : running) thread.join();
    return winners;
  }
};

TEST_P(OrganizationStoreTest, AnInvitationIsThereAfterANewStart) {
  AddAccount("ann");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  Reopen();
  const auto found = store_->InvitationById("invitation of bob", At(999));
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->invitation.email, "bob@x.test");
  EXPECT_EQ(found->invitation.role, "member,admin");
  EXPECT_EQ(found->invitation.inviter_id, "user ann");
  EXPECT_EQ(found->invitation.created_at, At(10));
  EXPECT_EQ(found->invitation.expires_at, At(1000));
  EXPECT_EQ(found->organization.slug, "ann");
  EXPECT_EQ(found->organization.name, "ann Inc.");
  EXPECT_EQ(found->inviter_email, "ann@x.test");
  EXPECT_THAT(store_->InvitationById("invitation of bob", At(1000)),
              HasCode(StatusCode::kNotFound));
}

TEST_P(OrganizationStoreTest, AcceptingMakesAMemberAndEndsTheInvitation) {
  AddAccount("ann");
  AddLoneAccount("bob");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  ASSERT_THAT(Accept("bob"), IsOk());
  const auto member = store_->MembershipOf("user bob");
  ASSERT_THAT(member, IsOk());
  EXPECT_EQ(member->membership.id, "member bob of org ann");
  EXPECT_EQ(member->membership.role, "admin");
  EXPECT_EQ(member->membership.created_at, At(20));
  EXPECT_EQ(member->membership.organization_id, "org ann");
  EXPECT_EQ(member->organization.slug, "ann");
  EXPECT_EQ(store_->SessionByTokenHash("hash of session bob")
                ->session.active_organization_id,
            "org ann");
  EXPECT_EQ(RefusalOf(Accept("bob")), Refusal::kInvitationNotFound);
}

TEST_P(OrganizationStoreTest, OfManyWhoAcceptAtOnceOneDoes) {
  AddAccount("ann");
  constexpr int kThreads = 8;
  for (int i = 0; i < kThreads; ++i) AddLoneAccount("b" + std::to_string(i));
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  EXPECT_EQ(Winners(kThreads,
                    [this](int i) {
                      return store_->AcceptInvitation(
                          "invitation of bob",
                          MemberOf("org ann", "b" + std::to_string(i)), "");
                    }),
            1);
  EXPECT_EQ(Rows("members"), 2);
  EXPECT_EQ(Rows("invitations"), 0);
}

TEST_P(OrganizationStoreTest, OfManySignUpsWithOneInvitationOneIsMade) {
  AddAccount("ann");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  EXPECT_EQ(Winners(8,
                    [this](int i) {
                      NewAccount account = Account("b" + std::to_string(i));
                      account.organization.reset();
                      account.membership =
                          MemberOf("org ann", account.user.name);
                      account.invitation_id = "invitation of bob";
                      return store_->AddAccount(account);
                    }),
            1);
  EXPECT_EQ(Rows("users"), 2);
  EXPECT_EQ(Rows("members"), 2);
}

TEST_P(OrganizationStoreTest, WhoAcceptsTwoInvitationsAtOnceJoinsOne) {
  AddAccount("ann");
  AddAccount("eve");
  AddLoneAccount("bob");
  Invitation from_eve = InvitationOf("bob");
  from_eve.id = "invitation by eve";
  from_eve.organization_id = "org eve";
  from_eve.inviter_id = "user eve";
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  ASSERT_THAT(Add(from_eve), IsOk());
  EXPECT_EQ(Winners(2,
                    [this](int i) {
                      return i == 0 ? Accept("bob")
                                    : store_->AcceptInvitation(
                                          "invitation by eve",
                                          MemberOf("org eve", "bob"),
                                          "session bob");
                    }),
            1);
  // The other one stays open: it was not accepted.
  EXPECT_EQ(Rows("invitations"), 1);
}

TEST_P(OrganizationStoreTest, AnInvitationIsNotAcceptedAfterItsEnd) {
  AddAccount("ann");
  AddLoneAccount("bob");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  EXPECT_EQ(RefusalOf(Accept("bob", At(1000))), Refusal::kInvitationNotFound);
  EXPECT_THAT(Accept("bob", At(999)), IsOk());
}

TEST_P(OrganizationStoreTest, AnInvitationEndsWithItsInviter) {
  AddAccount("ann");
  AddLoneAccount("adam");
  AddLoneAccount("bob");
  ASSERT_THAT(Add(InvitationOf("adam")), IsOk());
  ASSERT_THAT(Accept("adam"), IsOk());
  Invitation by_adam = InvitationOf("bob");
  by_adam.inviter_id = "user adam";
  ASSERT_THAT(Add(by_adam), IsOk());
  Sql() << "DELETE FROM members WHERE user_id = 'user adam'";
  const auto not_found = HasCode(StatusCode::kNotFound);
  EXPECT_THAT(store_->InvitationById(by_adam.id, At(20)), not_found);
  EXPECT_THAT(store_->RenewInvitation(InvitationOf("bob"), Role::kOwner),
              not_found);
  EXPECT_EQ(RefusalOf(Accept("bob")), Refusal::kInvitationNotFound);
  // Nor does it stand in the way of another.
  Invitation by_ann = InvitationOf("bob");
  by_ann.id = "by ann";
  EXPECT_THAT(Add(by_ann), IsOk());
}

TEST_P(OrganizationStoreTest, AnInvitationEndsWithItsOrganization) {
  AddAccount("ann");
  AddLoneAccount("bob");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  ASSERT_THAT(store_->AddSession(SessionOf("user ann", "s"), "hash of ann"),
              IsOk());
  if (GetParam() == Kind::kSqlite) Sql() << "PRAGMA foreign_keys = ON";
  Sql() << "DELETE FROM organizations WHERE id = 'org ann'";
  EXPECT_THAT(store_->InvitationById("invitation of bob", At(20)),
              HasCode(StatusCode::kNotFound));
  EXPECT_EQ(RefusalOf(Accept("bob")), Refusal::kInvitationNotFound);
}

TEST_P(OrganizationStoreTest, ASessionForgetsAnOrganizationThatIsGone) {
  AddLoneAccount("bob");
  const NewAccount made = Account("bob");
  ASSERT_THAT(store_->AddOrganization(*made.organization, *made.membership,
                                      "session bob"),
              IsOk());
  if (GetParam() == Kind::kSqlite) Sql() << "PRAGMA foreign_keys = ON";
  Sql() << "DELETE FROM organizations WHERE id = 'org bob'";
  const auto session = store_->SessionByTokenHash("hash of session bob");
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->session.active_organization_id, std::nullopt);
}

TEST_P(OrganizationStoreTest, ASessionForgetsAnOrganizationThatItsUserLeft) {
  AddLoneAccount("bob");
  const NewAccount made = Account("bob");
  ASSERT_THAT(store_->AddOrganization(*made.organization, *made.membership,
                                      "session bob"),
              IsOk());
  Sql() << "DELETE FROM members WHERE user_id = 'user bob'";
  const auto session = store_->SessionByTokenHash("hash of session bob");
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->session.active_organization_id, std::nullopt);
}

TEST_P(OrganizationStoreTest, AnAddressIsInvitedOnceAlsoByManyAtOnce) {
  AddAccount("ann");
  EXPECT_EQ(Winners(8,
                    [this](int i) {
                      Invitation invitation = InvitationOf("bob");
                      invitation.id = std::to_string(i);
                      return Add(invitation);
                    }),
            1);
  EXPECT_EQ(Rows("invitations"), 1);
}

TEST_P(OrganizationStoreTest, AnEndedInvitationMakesRoomForAnother) {
  AddAccount("ann");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  Invitation next = InvitationOf("bob");
  next.id = "next";
  next.created_at = At(999);
  EXPECT_EQ(RefusalOf(Add(next)), Refusal::kAlreadyInvited);
  next.created_at = At(1000);
  next.expires_at = At(2000);
  EXPECT_THAT(Add(next), IsOk());
  EXPECT_EQ(Rows("invitations"), 1);
}

TEST_P(OrganizationStoreTest, ARefusedInvitationLeavesNothingBehind) {
  AddAccount("ann");
  EXPECT_EQ(RefusalOf(Add(InvitationOf("ann"))), Refusal::kAlreadyMember);
  for (const char* const name : {"a", "b", "c"}) {
    ASSERT_THAT(Add(InvitationOf(name)), IsOk());
  }
  EXPECT_EQ(RefusalOf(Add(InvitationOf("d"))), Refusal::kTooManyInvitations);
  EXPECT_EQ(Rows("invitations"), 3);
}

TEST_P(OrganizationStoreTest, ARenewedInvitationKeepsItsIdAlone) {
  AddAccount("ann");
  AddMember("adam", "admin");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  Invitation next = InvitationOf("bob");
  next.id = "next";
  next.role = "member";
  next.inviter_id = "user adam";
  next.created_at = At(999);
  next.expires_at = At(3000);
  ASSERT_THAT(store_->RenewInvitation(next, Role::kAdmin), IsOk());
  const auto renewed = store_->InvitationById("invitation of bob", At(2999));
  ASSERT_THAT(renewed, IsOk());
  EXPECT_EQ(renewed->invitation.role, "member");
  EXPECT_EQ(renewed->invitation.inviter_id, "user adam");
  EXPECT_EQ(renewed->invitation.created_at, At(10));
  EXPECT_EQ(renewed->invitation.expires_at, At(3000));
  next.created_at = At(3000);
  EXPECT_THAT(store_->RenewInvitation(next, Role::kOwner),
              HasCode(StatusCode::kNotFound));
  EXPECT_THAT(store_->RenewInvitation(InvitationOf("eve"), Role::kOwner),
              HasCode(StatusCode::kNotFound));
}

TEST_P(OrganizationStoreTest, AStrongerInvitationIsNotRenewed) {
  AddAccount("ann");
  Invitation invitation = InvitationOf("bob");
  invitation.role = "member,owner";
  ASSERT_THAT(Add(invitation), IsOk());
  Invitation weaker = InvitationOf("bob");
  weaker.role = "member";
  weaker.expires_at = At(2000);
  EXPECT_EQ(RefusalOf(store_->RenewInvitation(weaker, Role::kAdmin).status()),
            Refusal::kMayNotInviteWithRole);
  const auto kept = store_->InvitationById(invitation.id, At(20));
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->invitation.role, "member,owner");
  EXPECT_EQ(kept->invitation.expires_at, At(1000));
}

TEST_P(OrganizationStoreTest, OnlyInvitationsThatHaveEndedAreSwept) {
  AddAccount("ann");
  ASSERT_THAT(Add(InvitationOf("bob")), IsOk());
  ASSERT_THAT(store_->RemoveExpired(At(999)), IsOk());
  EXPECT_EQ(Rows("invitations"), 1);
  ASSERT_THAT(store_->RemoveExpired(At(1000)), IsOk());
  EXPECT_EQ(Rows("invitations"), 0);
}

TEST_P(OrganizationStoreTest, AnOrganizationIsMadeAsAWholeOrNotAtAll) {
  AddAccount("ann");
  AddLoneAccount("bob");
  const NewAccount bobs = Account("bob");
  Organization same_slug = *bobs.organization;
  same_slug.slug = "ann";
  EXPECT_EQ(RefusalOf(store_->AddOrganization(same_slug, *bobs.membership, "")),
            Refusal::kSlugTaken);
  Membership anns = *bobs.membership;
  anns.user_id = "user ann";
  EXPECT_EQ(RefusalOf(store_->AddOrganization(*bobs.organization, anns, "")),
            Refusal::kMemberElsewhere);
  EXPECT_EQ(Rows("organizations"), 1);
  EXPECT_THAT(store_->AddOrganization(*bobs.organization, *bobs.membership, ""),
              IsOk());
  EXPECT_EQ(store_->SessionByTokenHash("hash of session bob")
                ->session.active_organization_id,
            std::nullopt);
}

TEST_P(OrganizationStoreTest, WhoIsInNoOrganizationHasNoMembership) {
  AddLoneAccount("bob");
  EXPECT_THAT(store_->MembershipOf("user bob"), HasCode(StatusCode::kNotFound));
  EXPECT_THAT(store_->MembershipOf("nobody"), HasCode(StatusCode::kNotFound));
}

INSTANTIATE_TEST_SUITE_P(Databases, OrganizationStoreTest,
                         ::testing::Values(Kind::kSqlite, Kind::kPostgresql),
                         [](const auto& parameter) {
                           return parameter.param == Kind::kSqlite
                                      ? "Sqlite"
                                      : "Postgresql";
                         });

}  // namespace
}  // namespace libretto::cloud
