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

// Until the end of the transaction, whoever else does this waits. Who needs
// both, locks the user first: then nobody waits crosswise. False when there is
// no such user.
bool LockUser(soci::session& sql, const std::string& id);
// For whoever changes who is in it, or as what.
void LockOrganization(soci::session& sql, const std::string& id);

// Locks it too. Empty when the user is in none.
// REQUIRES: the user is locked.
std::string LockOrganizationOf(soci::session& sql, const std::string& user);

// Whether the organisation has gone because nobody else was in it. Its other
// members may be left without an owner, which is for the caller to prevent.
// REQUIRES: both are locked.
bool EndOrganizationOfOne(soci::session& sql, const std::string& organization,
                          const std::string& user);

// False when the user is a member of some organisation already.
bool InsertMembership(soci::session& sql, const Membership& membership);

// Deletes an invitation that is still open; of several who try, one succeeds.
bool EndInvitation(soci::session& sql, const std::string& id, Timestamp now);

}  // namespace libretto::cloud
