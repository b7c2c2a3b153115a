#include "agent/remote/http_header.h"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace libretto {
namespace {

constexpr std::chrono::seconds kMaxRetryAfter{3600};

}  // namespace

std::optional<std::string_view> HeaderValue(std::string_view line,
                                            std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      strncasecmp(line.data(), name.data(), name.size()) != 0) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  const std::size_t first = line.find_first_not_of(" \t");
  const std::size_t last = line.find_last_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::string_view();
  return line.substr(first, last - first + 1);
}

std::chrono::seconds WaitIn(std::string_view value) {
  long seconds = 0;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc::invalid_argument) {
    const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    if (date != -1) seconds = static_cast<long>(date - std::time(nullptr));
  } else if (error == std::errc::result_out_of_range) {
    seconds = kMaxRetryAfter.count();
  } else if (end != value.data() + value.size() && *end == '.') {
    ++seconds;
  }
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0),
                    kMaxRetryAfter);
}

}  // namespace libretto
