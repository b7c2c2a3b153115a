// What the agent knows about a cloud's URL. Any thread.
#pragma once

#include <string>

#include "base/errors.h"

namespace libretto {

// OK for https, and for http to a loopback address; Invalid() otherwise.
Status CheckApiUrl(const std::string& url);

// "host" or "host:port" for messages.
std::string HostOf(const std::string& url);

}  // namespace libretto
