// A mail as text (RFC 5322): plain UTF-8 sent as 8bit, so that a link in it
// stays in one piece on a line of its own. Any thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "cloud/core/mailer.h"

namespace libretto::cloud {

// Invalid() when a header's text has a control character, which is how a
// header would be smuggled in, or a line of the text is longer than 998 bytes.
StatusOr<std::string> MessageText(const Mail& mail, WallTime now);

}  // namespace libretto::cloud
