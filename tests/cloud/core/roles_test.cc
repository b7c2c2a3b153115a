#include "cloud/core/roles.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"

namespace libretto::cloud {
namespace {

TEST(RolesTest, SeveralRolesAreKeptInTheirOrderEachOnce) {
  EXPECT_EQ(*NormalizedRoles("member"), "member");
  EXPECT_EQ(*NormalizedRoles(" member , admin"), "member,admin");
  EXPECT_EQ(*NormalizedRoles("owner,member,owner"), "owner,member");
}

TEST(RolesTest, WhatIsNoRoleIsRefusedByItsName) {
  for (const char* const text :
       {"king", "Owner", "member;owner", "member,,owner", "own er"}) {
    EXPECT_EQ(RefusalOf(NormalizedRoles(text).status()), Refusal::kRoleUnknown)
        << text;
  }
  EXPECT_EQ(Message(NormalizedRoles("member,king").status()),
            "Role not found: king");
  EXPECT_EQ(RefusalOf(NormalizedRoles("").status()), Refusal::kRoleUnknown);
}

TEST(RolesTest, AHostileNameIsShownShortAndHarmless) {
  const std::string shown =
      Message(NormalizedRoles("\x1b[31m" + std::string(1000, 'x')).status());
  EXPECT_LT(shown.size(), 100U);
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
}

TEST(RolesTest, TheStrongestCounts) {
  EXPECT_EQ(StrongestOf("member"), Role::kMember);
  EXPECT_EQ(StrongestOf("member,admin"), Role::kAdmin);
  EXPECT_EQ(StrongestOf("owner,member"), Role::kOwner);
  EXPECT_EQ(NameOf(StrongestOf("member,owner")), "owner");
}

}  // namespace
}  // namespace libretto::cloud
