// Statements about organisations, members and invitations that several
// transactions share. They may throw soci::soci_error. Any thread.
#pragma once

#include <string>

#include <soci/soci.h>

#include "base/errors.h"
#include "cloud/core/records.h"

namespace libretto::cloud {

// False when the slug is taken.
bool InsertOrganization(soci::session& sql, const Organization& organization);
Status SlugTaken(const std::string& slug);

// False when the user is a member of some organisation already.
bool InsertMembership(soci::session& sql, const Membership& membership);

// Deletes an invitation that is still open; of several who try, one succeeds.
bool EndInvitation(soci::session& sql, const std::string& id, Timestamp now);

}  // namespace libretto::cloud
