// The schema, as the steps that led to it. A step that has been released is
// never changed; a new one is added at the end. Any thread.
#pragma once

#include <soci/soci.h>

#include "base/errors.h"

namespace libretto::cloud {

// Runs what is missing, each step in a transaction of its own. Invalid() for a
// schema that is newer than this program. May throw soci::soci_error.
Status Migrate(soci::session& sql);

}  // namespace libretto::cloud
