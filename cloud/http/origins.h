// Which web origins may use a user's cookie, and where a link may lead. The
// base URL's own origin is trusted; on a loopback address its two names are
// the same place. Immutable after construction.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace libretto::cloud {

// "https://host[:port]" of a URL: lower-case, without a default port. Nothing
// when it is not an http or https URL.
std::optional<std::string> OriginOf(std::string_view url);

class TrustedOrigins {
 public:
  // Invalid() unless `base_url` is an http(s) URL without path and query.
  static StatusOr<TrustedOrigins> For(std::string_view base_url);

  bool Trusts(std::string_view origin_or_url) const;

  // A path on this server, or a URL of a trusted origin; short enough to stand,
  // encoded, in a mailed link on one line.
  bool AllowsRedirect(std::string_view url) const;

 private:
  std::set<std::string> origins_;
};

}  // namespace libretto::cloud
