// What the bodies of several routes ask of a name, an address, a slug or a
// password. Immutable after construction.
#pragma once

#include "cloud/http/input.h"

namespace libretto::cloud {

inline constexpr StringRule kName = {.max = 256};
inline constexpr StringRule kRequiredName = {.min = 1, .max = 256};
inline constexpr StringRule kEmail = {.format = StringRule::Format::kEmail};
inline constexpr StringRule kSlug = {
    .min = 2, .max = 60, .format = StringRule::Format::kSlug};
inline constexpr StringRule kAnyPassword = {.may_hold_nul = true};
inline constexpr StringRule kNewPassword = {
    .min = 8, .max = 128, .may_hold_nul = true};

}  // namespace libretto::cloud
