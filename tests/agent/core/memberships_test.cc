#include "agent/core/memberships.h"

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using testing::FakeCloud;
using testing::HasCode;
using testing::IsOk;
using testing::Result;

class MembershipsTest : public testing::ProfileTest {
 protected:
  StatusOr<Joined> Accept(const std::string& slug, const NewAccount& account) {
    Result<Joined> result;
    profile_.memberships.Accept(FakeCloud::kUrl, slug, "inv", account,
                                result.Into());
    cloud_.Deliver();
    return result.get();
  }
};

TEST_F(MembershipsTest, AnInvitationIsIntoTheCallersOrganisation) {
  SignIn();
  Result<Invitation> invitation;
  profile_.memberships.Invite("new@example.test", "member", invitation.Into());
  cloud_.Deliver();
  ASSERT_THAT(invitation.get(), IsOk());
  EXPECT_EQ(cloud_.Count("Invite org"), 1);
  EXPECT_EQ(invitation.value().organization_slug, "example");
}

TEST_F(MembershipsTest, WhoHasNoOrganisationCannotInvite) {
  SignIn();
  cloud_.organizations.clear();
  Result<Invitation> invitation;
  profile_.memberships.Invite("new@example.test", "member", invitation.Into());
  cloud_.Deliver();
  EXPECT_THAT(invitation.get(), HasCode(StatusCode::kNotFound));
}

TEST_F(MembershipsTest, NobodyGetsAnAccountFirst) {
  const auto without = Accept("example", {});
  EXPECT_THAT(without, HasCode(StatusCode::kUnauthenticated));
  EXPECT_EQ(ReasonOf(without.status()), "account_needed");
  EXPECT_TRUE(cloud_.requests.empty());
  const auto joined =
      Accept("example", {"Casey", SecretBytes::CopyOf("password")});
  ASSERT_THAT(joined, IsOk());
  EXPECT_TRUE(joined->account_created);
  EXPECT_TRUE(store_.stored.has_value());
}

TEST_F(MembershipsTest, WhoIsLoggedInJoins) {
  SignIn();
  cloud_.organizations.clear();
  const auto joined = Accept("example", {});
  ASSERT_THAT(joined, IsOk());
  EXPECT_EQ(joined->organization_name, "Example");
  EXPECT_EQ(cloud_.Count("AcceptInvitation inv"), 1);
}

TEST_F(MembershipsTest, AMemberElsewhereIsAdvised) {
  SignIn();
  const auto joined = Accept("example", {});
  EXPECT_THAT(joined, HasCode(StatusCode::kPermissionDenied));
  EXPECT_NE(Remedy(joined.status()).find("delete-account"), std::string::npos);
}

TEST_F(MembershipsTest, TheSlugHasToBeTheInvitations) {
  SignIn();
  cloud_.organizations.clear();
  EXPECT_THAT(Accept("another", {}), HasCode(StatusCode::kInvalidArgument));
  EXPECT_EQ(cloud_.Count("AcceptInvitation inv"), 0);
}

}  // namespace
}  // namespace libretto
