#include "cloud/core/organizations.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;

class OrganizationsTest : public ::testing::Test {
 protected:
  StatusOr<MembershipAndOrganization> Create(const SignedIn& owner,
                                             const std::string& slug) {
    return parts_.organizations.Create(owner.user, {"Acme", slug, "A@x.test"},
                                       owner.session.id);
  }

  testing::CloudParts parts_;
};

TEST_F(OrganizationsTest, WhoMakesOneOwnsItAndHasItActive) {
  const SignedIn ann = parts_.SignUpAlone("ann");
  const auto made = Create(ann, "acme");
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->membership.role, "owner");
  EXPECT_EQ(made->membership.user_id, ann.user.id);
  EXPECT_EQ(made->organization.alert_email, "a@x.test");
  EXPECT_EQ(parts_.store->MembershipOf(ann.user.id)->organization.slug, "acme");
  EXPECT_EQ(parts_.sessions.Find(ann.token)->session.active_organization_id,
            made->organization.id);
}

TEST_F(OrganizationsTest, ASlugIsTakenOnce) {
  const SignedIn ann = parts_.SignUpAlone("ann");
  const SignedIn bob = parts_.SignUpAlone("bob");
  ASSERT_THAT(Create(ann, "acme"), IsOk());
  EXPECT_EQ(RefusalOf(Create(bob, "acme").status()), Refusal::kSlugTaken);
  EXPECT_THAT(Create(bob, "bobs"), IsOk());
}

TEST_F(OrganizationsTest, OneAccountBelongsToOneOrganization) {
  const SignUpResult ann = parts_.SignUp("ann");
  // Also where the slug is taken: another would not help.
  for (const char* const slug : {"another", "ann"}) {
    EXPECT_EQ(RefusalOf(Create(ann.signed_in, slug).status()),
              Refusal::kMemberElsewhere);
  }
  EXPECT_EQ(parts_.organizations.Of(ann.signed_in.user)->size(), 1U);
}

TEST_F(OrganizationsTest, ASignUpLeavesNoOrganizationActive) {
  const SignUpResult ann = parts_.SignUp("ann");
  EXPECT_EQ(
      parts_.sessions.Find(ann.signed_in.token)->session.active_organization_id,
      std::nullopt);
}

}  // namespace
}  // namespace libretto::cloud
