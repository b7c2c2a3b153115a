// The pages for people with a browser, and the files that they load. Any
// thread.
#pragma once

#include <vector>

#include "cloud/http/router.h"

namespace libretto::cloud {

std::vector<Route> PageRoutes();

}  // namespace libretto::cloud
