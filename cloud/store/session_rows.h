// The statement that begins a session, which several transactions share. It may
// throw soci::soci_error. Any thread.
#pragma once

#include <soci/soci.h>

#include "cloud/core/records.h"

namespace libretto::cloud {

void InsertSession(soci::session& sql, const Session& session);

}  // namespace libretto::cloud
