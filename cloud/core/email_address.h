// What counts as a mail address and as an organisation's slug: the rules of
// the contract's validator, which has no room for spaces, line ends, commas or
// angle brackets, so that an accepted address is safe in a mail header.
// Any thread.
#pragma once

#include <string_view>

namespace libretto::cloud {

// /^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]
//   @(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$/, at most 254 bytes.
bool IsEmailAddress(std::string_view text);

// /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/
bool IsSlug(std::string_view text);

}  // namespace libretto::cloud
