// Statements about sessions that several transactions share. They may throw
// soci::soci_error. Any thread.
#pragma once

#include <string>

#include <soci/soci.h>

#include "base/errors.h"
#include "cloud/core/records.h"

namespace libretto::cloud {

void InsertSession(soci::session& sql, const Session& session);

// Locks the user, and then asks whether `access`, the id of a session or of an
// API key of this user, is there: a reset of the password ends it, and what
// outlives the reset must not be made with it while the reset is on its way.
// Refusal::kSignedOut.
Status HoldAccess(soci::session& sql, const std::string& user,
                  const std::string& access);

}  // namespace libretto::cloud
