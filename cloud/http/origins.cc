#include "cloud/http/origins.h"

#include <algorithm>

#include "cloud/core/text.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kMaxUrlBytes = 2048;
// Of 998 in a line of a mail (RFC 5322, 2.1.1), which holds the rest of the
// link too.
constexpr std::size_t kMaxMailedBytes = 600;

// What may stand in a Location header and is read alike by every browser.
bool IsPlain(std::string_view url) {
  return url.size() <= kMaxUrlBytes &&
         std::all_of(url.begin(), url.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '\\' && c != '"' && c != '<' &&
                  c != '>';
         });
}

bool IsAuthority(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  });
}

}  // namespace

std::optional<std::string> OriginOf(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || !IsPlain(url)) return std::nullopt;
  const std::string scheme = LowerCased(url.substr(0, colon));
  const std::string_view rest = url.substr(colon + 3);
  std::string authority = LowerCased(rest.substr(0, rest.find_first_of("/?#")));
  // No user names: "http://trusted@elsewhere/" leads elsewhere.
  if (!IsAuthority(authority)) return std::nullopt;
  std::string_view default_port;
  if (scheme == "http") {
    default_port = ":80";
  } else if (scheme == "https") {
    default_port = ":443";
  } else {
    return std::nullopt;
  }
  if (authority.ends_with(default_port)) {
    authority.resize(authority.size() - default_port.size());
  }
  return scheme + "://" + authority;
}

StatusOr<TrustedOrigins> TrustedOrigins::For(std::string_view base_url) {
  const auto origin = OriginOf(base_url);
  if (!origin.has_value() || LowerCased(base_url) != *origin) {
    return Invalid("the base URL " + std::string(base_url) +
                   " is not of the form https://HOST[:PORT]");
  }
  TrustedOrigins trusted;
  trusted.origins_.insert(*origin);
  constexpr std::string_view kNames[] = {"http://127.0.0.1:",
                                         "http://localhost:"};
  for (const std::string_view name : kNames) {
    if (!origin->starts_with(name)) continue;
    const std::string port = origin->substr(name.size());
    for (const std::string_view other : kNames) {
      trusted.origins_.insert(std::string(other) + port);
    }
  }
  return trusted;
}

bool TrustedOrigins::Trusts(std::string_view origin_or_url) const {
  const auto origin = OriginOf(origin_or_url);
  return origin.has_value() && origins_.contains(*origin);
}

bool TrustedOrigins::AllowsRedirect(std::string_view url) const {
  if (!IsPlain(url) || PercentEncoded(url).size() > kMaxMailedBytes) {
    return false;
  }
  // "//host" is another host.
  if (url.starts_with('/')) return !url.starts_with("//");
  return Trusts(url);
}

}  // namespace libretto::cloud
