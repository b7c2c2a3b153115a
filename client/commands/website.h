// Where the cloud has its pages for people, and the addresses of those that the
// command line sends them to (contract 1.4, 1.6). Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"

namespace libretto {

// `path` with `query` at LIBRETTO_WEBSITE_URL. Without that variable it is the
// hosted service's site for the hosted service (also meant by an empty
// `api_url`), else the cloud itself: libretto-cloud serves its own pages.
// Invalid() when the variable is no http or https address.
StatusOr<std::string> PageUrl(
    std::string_view api_url, std::string_view path,
    const std::vector<std::pair<std::string_view, std::string_view>>& query);

}  // namespace libretto
