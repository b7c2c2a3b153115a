// What a new password ends, on every database: whoever signed up with an
// address need not be who reads its mail.
#include <string>

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

class PasswordResetStoreTest : public StoreTest {
 protected:
  void AddToken(TokenPurpose purpose, const std::string& name) {
    ASSERT_THAT(store_->AddOneTimeToken({.token_hash = "token of " + name,
                                         .purpose = purpose,
                                         .user_id = "user " + name,
                                         .expires_at = At(1000)}),
                IsOk());
  }

  void Verify(const std::string& name, Timestamp when) {
    AddToken(TokenPurpose::kVerifyEmail, name);
    ASSERT_THAT(store_->VerifyEmail("token of " + name, when), IsOk());
  }

  void Reset(const std::string& name) {
    AddToken(TokenPurpose::kResetPassword, name);
    ASSERT_THAT(store_->ResetPassword("token of " + name, "new", At(100)),
                IsOk());
  }

  void AddKey(const std::string& name, const std::string& id, Timestamp when) {
    ApiKey key = KeyOf("user " + name, id);
    key.created_at = when;
    ASSERT_THAT(AddApiKey(key), IsOk());
  }

  bool Opens(const std::string& id) {
    return store_->ApiKeyByHash("hash of " + id).ok();
  }
};

TEST_P(PasswordResetStoreTest, KeysFromBeforeTheVerificationEnd) {
  AddAccount("ann");
  AddKey("ann", "before", At(19));
  Verify("ann", At(20));
  AddKey("ann", "after", At(20));
  Reset("ann");
  EXPECT_FALSE(Opens("before"));
  EXPECT_TRUE(Opens("after"));
}

TEST_P(PasswordResetStoreTest, AllKeysOfAnUnverifiedUserEndAndNobodyElses) {
  AddAccount("ann");
  AddMember("bob", "member");
  AddKey("ann", "ann's", At(10));
  AddKey("bob", "bob's", At(10));
  Reset("ann");
  EXPECT_FALSE(Opens("ann's"));
  EXPECT_TRUE(Opens("bob's"));
}

TEST_P(PasswordResetStoreTest, AnUnverifiedUserLeavesItsOrganizationToOthers) {
  AddAccount("ann");
  AddMember("bob", "member");
  ASSERT_THAT(AddCredential("org ann", "a"), IsOk());
  Reset("ann");
  EXPECT_THAT(store_->MembershipOf("user ann"), kNotFound);
  EXPECT_EQ(store_->MembershipOf("user bob")->organization.id, "org ann");
  EXPECT_THAT(store_->CredentialByName("org ann", "a"), IsOk());
}

TEST_P(PasswordResetStoreTest, AnUnverifiedUsersOwnOrganizationGoes) {
  AddAccount("ann");
  AddAccount("bob");
  ASSERT_THAT(AddCredential("org ann", "a"), IsOk());
  Reset("ann");
  EXPECT_THAT(store_->MembershipOf("user ann"), kNotFound);
  EXPECT_THAT(store_->CredentialByName("org ann", "a"), kNotFound);
  EXPECT_EQ(Rows("organizations"), 1);
  EXPECT_THAT(store_->MembershipOf("user bob"), IsOk());
}

TEST_P(PasswordResetStoreTest, AVerifiedUserStaysInItsOrganization) {
  AddAccount("ann");
  AddMember("bob", "member");
  Verify("bob", At(20));
  Reset("bob");
  EXPECT_EQ(store_->MembershipOf("user bob")->organization.id, "org ann");
}

// The one who was taken out may come back, invited by somebody else.
TEST_P(PasswordResetStoreTest, InvitationsOfAnUnverifiedUserEndForGood) {
  AddAccount("ann");
  AddMember("bob", "admin");
  ASSERT_THAT(store_->AddInvitation({.id = "by bob",
                                     .organization_id = "org ann",
                                     .email = "eve@x.test",
                                     .role = "admin",
                                     .inviter_id = "user bob",
                                     .created_at = At(10),
                                     .expires_at = At(1000)},
                                    /*max_per_organization=*/3),
              IsOk());
  Reset("bob");
  Sql() << "INSERT INTO members (id, user_id, organization_id, role, "
           "created_at) VALUES ('m', 'user bob', 'org ann', 'admin', 200)";
  EXPECT_THAT(store_->InvitationById("by bob", At(300)), kNotFound);
}

TEST_P(PasswordResetStoreTest, NothingIsMadeWithWhatHasEnded) {
  AddAccount("ann");
  AddAccount("bob");
  AddKey("ann", "key", At(10));
  // A key makes another one as a session does.
  ASSERT_THAT(store_->AddApiKey(KeyOf("user ann", "by key"), "key", 3), IsOk());
  Reset("ann");
  EXPECT_EQ(RefusalOf(AddApiKey(KeyOf("user ann", "late"))),
            Refusal::kSignedOut);
  for (const char* access : {"key", "session bob", "user ann", ""}) {
    EXPECT_EQ(RefusalOf(store_->AddApiKey(KeyOf("user ann", "x"), access, 3)),
              Refusal::kSignedOut)
        << access;
  }
  const NewAccount lost = Account("ann");
  EXPECT_EQ(RefusalOf(store_->AddOrganization(*lost.organization,
                                              *lost.membership, "session ann")),
            Refusal::kSignedOut);
  ASSERT_THAT(store_->AddInvitation({.id = "to ann",
                                     .organization_id = "org bob",
                                     .email = "ann@x.test",
                                     .role = "member",
                                     .inviter_id = "user bob",
                                     .created_at = At(10),
                                     .expires_at = At(1000)},
                                    /*max_per_organization=*/3),
              IsOk());
  Membership member = *lost.membership;
  member.organization_id = "org bob";
  EXPECT_EQ(
      RefusalOf(store_->AcceptInvitation("to ann", member, "session ann")),
      Refusal::kSignedOut);
  EXPECT_EQ(Rows("members"), 1);
}

// When they verified was not written down in the first three schemas.
TEST_P(PasswordResetStoreTest, WhoVerifiedLongAgoKeepsWhatWasMadeSince) {
  AddAccount("ann");
  AddAccount("bob");
  AddKey("ann", "before", At(29));
  AddKey("ann", "after", At(30));
  AddKey("bob", "bob's", At(30));
  Sql() << "UPDATE users SET email_verified = 1, updated_at = 30 "
           "WHERE id = 'user ann'";
  Sql() << "ALTER TABLE users DROP COLUMN email_verified_at";
  Sql() << "DELETE FROM schema_version WHERE version > 3";
  Reopen();
  Reset("ann");
  Reset("bob");
  EXPECT_FALSE(Opens("before"));
  EXPECT_TRUE(Opens("after"));
  EXPECT_FALSE(Opens("bob's"));
  EXPECT_THAT(store_->MembershipOf("user ann"), IsOk());
}

INSTANTIATE_TEST_SUITE_P(Databases, PasswordResetStoreTest,
                         testing::AllDatabases(), testing::NameOfDatabase);

}  // namespace
}  // namespace libretto::cloud
