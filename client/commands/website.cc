#include "client/commands/website.h"

#include <algorithm>
#include <cstdlib>

#include "client/delivery/dotenv.h"

namespace libretto {
namespace {

constexpr std::string_view kHostedService = "https://api.libretto.sh";
constexpr std::string_view kHostedSite = "https://libretto.sh";

// "https://host:1" of "https://host:1/path": an absolute path takes the place
// of whatever followed. Empty for what is no such address.
std::string_view OriginOf(std::string_view url) {
  const bool is_http = url.starts_with("http://");
  if (!is_http && !url.starts_with("https://")) return {};
  const std::size_t host = url.find("//") + 2;
  const std::size_t end = std::min(url.find_first_of("/?#", host), url.size());
  const bool printable =
      std::all_of(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(end),
                  [](char c) { return c > ' ' && c < '\x7f'; });
  return end > host && printable ? url.substr(0, end) : std::string_view();
}

std::string PercentEncoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  static constexpr std::string_view kPlain = "-_.~";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

StatusOr<std::string_view> Website(std::string_view api_url) {
  const char* variable = getenv("LIBRETTO_WEBSITE_URL");
  const std::string_view given =
      variable == nullptr ? "" : TrimLikeJavaScript(variable);
  if (!given.empty()) {
    const std::string_view origin = OriginOf(given);
    if (!origin.empty()) return origin;
    return Invalid("LIBRETTO_WEBSITE_URL is no http or https address");
  }
  const std::string_view cloud = OriginOf(api_url);
  return cloud.empty() || cloud == kHostedService ? kHostedSite : cloud;
}

}  // namespace

StatusOr<std::string> PageUrl(
    std::string_view api_url, std::string_view path,
    const std::vector<std::pair<std::string_view, std::string_view>>& query) {
  const StatusOr<std::string_view> website = Website(api_url);
  if (!website.ok()) return website.status();
  std::string url(*website);
  url += path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    url += separator;
    url += name;
    url += '=';
    url += PercentEncoded(value);
    separator = '&';
  }
  return url;
}

}  // namespace libretto
