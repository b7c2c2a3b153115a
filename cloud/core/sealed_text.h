// Sealed values as text (base64): the form in which a database keeps them,
// because SOCI cuts binary strings at the first zero byte. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/seal.h"
#include "base/secret.h"

namespace libretto::cloud {

std::string SealToText(const SecretBytes& plain, const DataKey& key,
                       std::string_view bound_to);

// Corrupt() when the text, the key or the binding are not those it was made
// with.
StatusOr<SecretBytes> OpenText(std::string_view text, const DataKey& key,
                               std::string_view bound_to);

}  // namespace libretto::cloud
