// The organisations that people with an account are in, and new ones for them;
// a sign-up that brings its own is in Accounts. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

struct OrganizationRequest {
  std::string name;
  std::string slug;
  std::string alert_email;
};

// A new organisation and its first member.
MembershipAndOrganization NewOrganization(const User& owner,
                                          const OrganizationRequest& request,
                                          Timestamp now);

// What accepting makes of an invitation.
Membership MembershipBy(const Invitation& invitation, const User& member,
                        Timestamp now);

class Organizations {
 public:
  // `store` and `clock` outlive this.
  Organizations(Store& store, const Clock& clock)
      : store_(store), clock_(clock) {}

  // Becomes the active organisation of the session, unless its id is empty.
  // kMemberElsewhere, kSlugTaken.
  StatusOr<MembershipAndOrganization> Create(const User& owner,
                                             const OrganizationRequest& request,
                                             std::string_view session_id);

  StatusOr<std::vector<Organization>> Of(const User& user) {
    return store_.OrganizationsOf(user.id);
  }

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace libretto::cloud
