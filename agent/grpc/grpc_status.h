// A status as the trailers of an answer. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"

namespace libretto {

using HeaderFields = std::vector<std::pair<std::string_view, std::string>>;

// grpc-status and grpc-message; and, where the status has them, its remedy,
// reason and wait as libretto-remedy, libretto-reason and libretto-wait, which
// stock clients show as trailing metadata. Texts are percent-encoded.
HeaderFields TrailersOf(const Status& status);

}  // namespace libretto
