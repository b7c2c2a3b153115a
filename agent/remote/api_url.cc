#include "agent/remote/api_url.h"

#include <curl/curl.h>

#include "base/credential_name.h"

namespace libretto {
namespace {

struct CurlUrl {
  CurlUrl() : handle(curl_url()) {}
  ~CurlUrl() { curl_url_cleanup(handle); }
  CurlUrl(const CurlUrl&) = delete;
  CurlUrl& operator=(const CurlUrl&) = delete;

  std::string Part(CURLUPart part) const {
    char* text = nullptr;
    if (curl_url_get(handle, part, &text, 0) != CURLUE_OK) return "";
    std::string copy(text);
    curl_free(text);
    return copy;
  }

  CURLU* handle;
};

bool IsLoopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

Status CheckApiUrl(const std::string& url) {
  const CurlUrl parsed;
  if (curl_url_set(parsed.handle, CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      !parsed.Part(CURLUPART_USER).empty()) {
    return Invalid("the API URL is not a plain http or https URL");
  }
  const std::string scheme = parsed.Part(CURLUPART_SCHEME);
  const std::string host = parsed.Part(CURLUPART_HOST);
  if (scheme == "https") return OkStatus();
  if (scheme != "http") {
    return Invalid("the API URL's scheme is neither https nor http");
  }
  if (!IsLoopback(host)) {
    return WithRemedy(
        Invalid("plain http to " + Printable(host) +
                " would show credentials to the network; it is allowed to a "
                "loopback address only"),
        "use https://");
  }
  return OkStatus();
}

std::string HostOf(const std::string& url) {
  const CurlUrl parsed;
  if (curl_url_set(parsed.handle, CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return "the cloud";
  }
  const std::string port = parsed.Part(CURLUPART_PORT);
  return parsed.Part(CURLUPART_HOST) + (port.empty() ? "" : ":" + port);
}

Status CheckProxyUrl(const std::string& url) {
  const CurlUrl parsed;
  const bool valid =
      curl_url_set(parsed.handle, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  const std::string scheme = parsed.Part(CURLUPART_SCHEME);
  if (!valid || (scheme != "http" && scheme != "https")) {
    return Invalid("a proxy is http://HOST:PORT or https://HOST:PORT");
  }
  if (!parsed.Part(CURLUPART_USER).empty() ||
      !parsed.Part(CURLUPART_PASSWORD).empty()) {
    return Invalid("a proxy that wants a password is not supported");
  }
  return OkStatus();
}

bool GoesThroughProxy(const std::string& url) {
  const CurlUrl parsed;
  return curl_url_set(parsed.handle, CURLUPART_URL, url.c_str(), 0) ==
             CURLUE_OK &&
         parsed.Part(CURLUPART_SCHEME) == "https" &&
         !IsLoopback(parsed.Part(CURLUPART_HOST));
}

}  // namespace libretto
