// One-time codes by time (RFC 6238), out of a credential that holds their seed:
// the base32 text that a site shows beside its QR code, in any case and with
// spaces or dashes, or the otpauth://totp/ URI inside the QR code ("Key Uri
// Format" of Google Authenticator), which may say other than SHA-1, six digits
// and 30 seconds.
//
// Any thread; keeps nothing.
#pragma once

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

// Invalid() when `stored` holds no seed; the reason never quotes it. A seed has
// at least 80 bits, the shortest that sites give out, so that an ordinary
// password is not taken for one.
StatusOr<SecretBytes> OneTimeCode(const SecretBytes& stored, WallTime now);

}  // namespace libretto
