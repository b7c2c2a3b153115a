// What the agent knows about a cloud's URL, and a proxy's. Any thread.
#pragma once

#include <string>

#include "base/errors.h"

namespace libretto {

// OK for https, and for http to a loopback address; Invalid() otherwise.
Status CheckApiUrl(const std::string& url);

// "host" or "host:port" for messages.
std::string HostOf(const std::string& url);

// OK for http://HOST[:PORT] and https://HOST[:PORT], through which TLS to the
// cloud is tunnelled. Invalid() otherwise, and for one with a password in it,
// which has no place in a settings file.
Status CheckProxyUrl(const std::string& url);

// Whether a request to `url` takes the proxy that is set: https to any machine
// but this one.
bool GoesThroughProxy(const std::string& url);

}  // namespace libretto
