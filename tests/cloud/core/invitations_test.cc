#include "cloud/core/invitations.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Secret;

class InvitationsTest : public ::testing::Test {
 protected:
  InvitationsTest() : acme_(parts_.SignUpVerified("acme")) {}

  const User& owner() const { return acme_.signed_in.user; }
  const Organization& organization() const { return *acme_.organization; }

  StatusOr<Invitation> Invite(const User& inviter, const std::string& email,
                              const std::string& role = "member",
                              bool resend = false) {
    return parts_.invitations.Invite(inviter,
                                     {organization().id, email, role, resend});
  }
  StatusOr<Invitation> Invite(const std::string& email,
                              const std::string& role = "member") {
    return Invite(owner(), email, role);
  }

  StatusOr<Invitations::Accepted> Accept(const SignedIn& who,
                                         const std::string& id) {
    return parts_.invitations.Accept(who.user, id, who.session.id);
  }

  // NAME@example.test as a member of acme.
  User Join(const std::string& name, const std::string& role) {
    SignedIn who = parts_.SignUpAlone(name);
    parts_.Verify(who.user);
    EXPECT_THAT(Accept(who, Invite(who.user.email, role)->id), IsOk());
    return who.user;
  }

  StatusOr<SignUpResult> SignUpWith(const std::string& id,
                                    const std::string& slug = "acme",
                                    const std::string& password = "password1") {
    return parts_.invitations.AcceptAndSignUp(id, slug,
                                              {"Bob", Secret(password)});
  }

  bool IsOpen(const std::string& id) {
    return parts_.invitations.Find(id, "acme").ok();
  }

  testing::CloudParts parts_;
  const SignUpResult acme_;
};

TEST_F(InvitationsTest, AnInvitationIsMailedWithBothWaysToAcceptIt) {
  const auto invitation = Invite("Bob@X.test", "admin");
  ASSERT_THAT(invitation, IsOk());
  EXPECT_EQ(invitation->id.size(), 32U);
  EXPECT_EQ(invitation->email, "bob@x.test");
  EXPECT_EQ(invitation->role, "admin");
  EXPECT_EQ(invitation->inviter_id, owner().id);
  EXPECT_EQ(invitation->expires_at - invitation->created_at, hours(48));
  const Mail& mail = parts_.mailer.mails().back();
  EXPECT_EQ(mail.to, "bob@x.test");
  EXPECT_EQ(parts_.mailer.LastLink(),
            "http://cloud.test/invite?tenantSlug=acme&invitationId=" +
                invitation->id + "&accept=1");
  EXPECT_NE(mail.text.find("librettoctl cloud auth accept-invite acme " +
                           invitation->id + "\n"),
            std::string::npos);
  EXPECT_NE(mail.text.find("acme@example.test invites you"), std::string::npos);
}

TEST_F(InvitationsTest, AnOrganizationsNameSaysNothingInTheMail) {
  SignedIn eve = parts_.SignUpAlone("eve");
  parts_.Verify(eve.user);
  const auto made = parts_.organizations.Create(
      eve.user, {"E\" log in at\n\nhttp://evil.test\n", "eve", "e@x.test"}, "");
  ASSERT_THAT(made, IsOk());
  ASSERT_THAT(parts_.invitations.Invite(
                  eve.user, {made->organization.id, "bob@x.test", "member"}),
              IsOk());
  EXPECT_EQ(parts_.mailer.mails().back().text.find("evil"), std::string::npos);
}

TEST_F(InvitationsTest, WhoseAddressIsNotVerifiedInvitesNobody) {
  const std::size_t mails = parts_.mailer.mails().size();
  User somebody = owner();
  somebody.email_verified = false;
  EXPECT_EQ(RefusalOf(Invite(somebody, "bob@x.test").status()),
            Refusal::kEmailNotVerified);
  EXPECT_EQ(parts_.mailer.mails().size(), mails);
}

TEST_F(InvitationsTest, AMailThatFailsDoesNotUndoTheInvitation) {
  parts_.mailer.FailWith(Offline("no mail today"));
  const auto invitation = Invite("bob@x.test");
  ASSERT_THAT(invitation, IsOk());
  EXPECT_THAT(SignUpWith(invitation->id), IsOk());
}

TEST_F(InvitationsTest, RolesSayWhoMayInviteWhom) {
  const User admin = Join("adam", "admin");
  const User member = Join("mary", "member");
  const User stranger = parts_.SignUp("other").signed_in.user;
  const User nowhere = parts_.SignUpAlone("lone").user;
  struct Case {
    const User& inviter;
    const char* role;
    std::optional<Refusal> refusal;
  };
  const Case cases[] = {
      {owner(), "member", std::nullopt},
      {owner(), "admin", std::nullopt},
      {owner(), "owner", std::nullopt},
      {admin, "member", std::nullopt},
      {admin, "admin", std::nullopt},
      {admin, "member,admin", std::nullopt},
      {admin, "owner", Refusal::kMayNotInviteWithRole},
      {admin, "member, owner", Refusal::kMayNotInviteWithRole},
      {admin, "king", Refusal::kRoleUnknown},
      {member, "member", Refusal::kMayNotInvite},
      {member, "king", Refusal::kMayNotInvite},
      {stranger, "member", Refusal::kNotAMember},
      {nowhere, "member", Refusal::kNotAMember},
  };
  int count = 0;
  for (const Case& each : cases) {
    const auto invited = Invite(
        each.inviter, "guest" + std::to_string(++count) + "@x.test", each.role);
    EXPECT_EQ(RefusalOf(invited.status()), each.refusal)
        << each.inviter.name << " " << each.role;
    EXPECT_EQ(invited.ok(), !each.refusal.has_value());
  }
}

TEST_F(InvitationsTest, SeveralRolesMakeAMemberOfTheStrongest) {
  const SignedIn bob = parts_.SignUpAlone("bob");
  const auto invitation = Invite(bob.user.email, "member,admin");
  ASSERT_THAT(invitation, IsOk());
  EXPECT_EQ(invitation->role, "member,admin");
  EXPECT_EQ(Accept(bob, invitation->id)->joined.membership.role, "admin");
}

TEST_F(InvitationsTest, AnAddressIsInvitedOnceUntilItAnswers) {
  ASSERT_THAT(Invite("bob@x.test"), IsOk());
  EXPECT_EQ(RefusalOf(Invite("BOB@x.test").status()), Refusal::kAlreadyInvited);
  EXPECT_EQ(RefusalOf(Invite(owner().email).status()), Refusal::kAlreadyMember);
  const User member = Join("mary", "member");
  EXPECT_EQ(RefusalOf(Invite(member.email).status()), Refusal::kAlreadyMember);
}

TEST_F(InvitationsTest, ResendingKeepsTheIdAndStartsThe48HoursAnew) {
  const auto first = Invite("bob@x.test", "admin");
  parts_.clock.Advance(hours(47));
  const auto again = Invite(owner(), "Bob@x.test", "member", /*resend=*/true);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(again->role, "member");
  EXPECT_EQ(again->created_at, first->created_at);
  EXPECT_EQ(again->expires_at - first->expires_at, hours(47));
  EXPECT_EQ(parts_.mailer.mails().back().to, "bob@x.test");
  parts_.clock.Advance(hours(47));
  EXPECT_TRUE(IsOpen(first->id));
}

TEST_F(InvitationsTest, AnAdminDoesNotResendTheInvitationOfAnOwner) {
  const User admin = Join("adam", "admin");
  ASSERT_THAT(Invite("bob@x.test", "owner"), IsOk());
  const std::size_t mails = parts_.mailer.mails().size();
  EXPECT_EQ(
      RefusalOf(
          Invite(admin, "bob@x.test", "member", /*resend=*/true).status()),
      Refusal::kMayNotInviteWithRole);
  EXPECT_EQ(parts_.mailer.mails().size(), mails);
  const auto lowered = Invite(owner(), "bob@x.test", "admin", /*resend=*/true);
  ASSERT_THAT(lowered, IsOk());
  const auto again = Invite(admin, "bob@x.test", "member", /*resend=*/true);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->id, lowered->id);
  EXPECT_EQ(again->inviter_id, admin.id);
}

TEST_F(InvitationsTest, ResendingWhatIsNotThereInvites) {
  EXPECT_THAT(Invite(owner(), "bob@x.test", "member", /*resend=*/true), IsOk());
}

TEST_F(InvitationsTest, AnInvitationEndsAfter48HoursToTheMillisecond) {
  const SignedIn bob = parts_.SignUpAlone("bob");
  const std::string id = Invite(bob.user.email)->id;
  parts_.clock.Advance(hours(48) - milliseconds(1));
  EXPECT_THAT(parts_.invitations.FindFor(bob.user, id), IsOk());
  EXPECT_TRUE(IsOpen(id));
  EXPECT_EQ(RefusalOf(Invite(bob.user.email).status()),
            Refusal::kAlreadyInvited);
  parts_.clock.Advance(milliseconds(1));
  for (const Status& status :
       {parts_.invitations.FindFor(bob.user, id).status(),
        parts_.invitations.Find(id, "acme").status(), Accept(bob, id).status(),
        SignUpWith(id).status()}) {
    EXPECT_EQ(RefusalOf(status), Refusal::kInvitationNotFound);
  }
  const auto next = Invite(owner(), bob.user.email, "member", /*resend=*/true);
  ASSERT_THAT(next, IsOk());
  EXPECT_NE(next->id, id);
}

TEST_F(InvitationsTest, AcceptingInTheLastMillisecondWorks) {
  const SignedIn bob = parts_.SignUpAlone("bob");
  const std::string id = Invite(bob.user.email)->id;
  parts_.clock.Advance(hours(48) - milliseconds(1));
  EXPECT_THAT(Accept(bob, id), IsOk());
}

TEST_F(InvitationsTest, AcceptingJoinsAndActivatesOnce) {
  const SignedIn bob = parts_.SignUpAlone("bob");
  const std::string id = Invite(bob.user.email, "admin")->id;
  const auto accepted = Accept(bob, id);
  ASSERT_THAT(accepted, IsOk());
  EXPECT_EQ(accepted->joined.membership.organization_id, organization().id);
  EXPECT_EQ(accepted->joined.membership.role, "admin");
  EXPECT_EQ(parts_.sessions.Find(bob.token)->session.active_organization_id,
            organization().id);
  EXPECT_EQ(RefusalOf(Accept(bob, id).status()), Refusal::kInvitationNotFound);
}

TEST_F(InvitationsTest, AKeyOfWhoJoinedOpensTheOrganization) {
  const User bob = Join("bob", "member");
  const auto key = parts_.api_keys.Issue(bob, parts_.NewSessionId(bob), {});
  EXPECT_EQ(parts_.api_keys.Authenticate(key->text)->tenant_id,
            organization().id);
}

TEST_F(InvitationsTest, OnlyTheInvitedAddressMayLookOrAccept) {
  const std::string id = Invite("bob@example.test")->id;
  const SignedIn eve = parts_.SignUpAlone("eve");
  EXPECT_EQ(RefusalOf(parts_.invitations.FindFor(eve.user, id).status()),
            Refusal::kNotTheRecipient);
  EXPECT_EQ(RefusalOf(Accept(eve, id).status()), Refusal::kNotTheRecipient);
  EXPECT_EQ(RefusalOf(parts_.invitations.FindFor(owner(), id).status()),
            Refusal::kNotTheRecipient);
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(InvitationsTest, WhoIsAMemberElsewhereKeepsTheInvitation) {
  const SignUpResult bob = parts_.SignUp("bob");
  const std::string id = Invite(bob.signed_in.user.email)->id;
  EXPECT_EQ(RefusalOf(Accept(bob.signed_in, id).status()),
            Refusal::kMemberElsewhere);
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(InvitationsTest, AcceptingWithoutAnAccountMakesOneThatHasToBeVerified) {
  const std::string id = Invite("bob@x.test", "admin")->id;
  const auto result = SignUpWith(id);
  ASSERT_THAT(result, IsOk());
  const User& bob = result->signed_in.user;
  EXPECT_EQ(bob.email, "bob@x.test");
  EXPECT_FALSE(bob.email_verified);
  EXPECT_EQ(result->organization->slug, "acme");
  EXPECT_EQ(parts_.store->MembershipOf(bob.id)->membership.role, "admin");
  const auto session = parts_.sessions.Find(result->signed_in.token);
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->session.active_organization_id, organization().id);
  EXPECT_TRUE(parts_.mailer.LastLink().starts_with(
      "http://cloud.test/api/auth/verify-email?token="));
  EXPECT_EQ(parts_.mailer.mails().back().to, "bob@x.test");
  EXPECT_FALSE(IsOpen(id));
}

TEST_F(InvitationsTest, AnAddressWithAnAccountSignsUpNoMore) {
  const std::string id = Invite("lone@example.test")->id;
  parts_.SignUpAlone("lone");
  EXPECT_EQ(RefusalOf(SignUpWith(id).status()), Refusal::kEmailTaken);
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(InvitationsTest, ASignUpThatIsRefusedLeavesTheInvitationOpen) {
  const std::string id = Invite("bob@x.test")->id;
  EXPECT_EQ(RefusalOf(SignUpWith(id, "acme", "short").status()),
            Refusal::kPasswordTooShort);
  EXPECT_EQ(RefusalOf(SignUpWith(id, "other").status()),
            Refusal::kInvitationNotFound);
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(InvitationsTest, AnOrganizationHas100OpenInvitationsAtMost) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(Invite("guest" + std::to_string(i) + "@x.test"), IsOk());
  }
  EXPECT_EQ(RefusalOf(Invite("late@x.test").status()),
            Refusal::kTooManyInvitations);
  EXPECT_EQ(RefusalOf(Invite("guest7@x.test").status()),
            Refusal::kAlreadyInvited);
  EXPECT_THAT(Invite(owner(), "guest7@x.test", "member", /*resend=*/true),
              IsOk());
  parts_.clock.Advance(hours(48));
  EXPECT_THAT(Invite("late@x.test"), IsOk());
}

}  // namespace
}  // namespace libretto::cloud
