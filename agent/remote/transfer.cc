#include "agent/remote/transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent/remote/api_url.h"
#include "agent/remote/http_header.h"
#include "agent/remote/http_trust.h"
#include "base/check.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{16} << 10;
constexpr std::size_t kMaxHeaders = 100;

// libcurl's own way leaves it open on exec.
curl_socket_t OpenSocket(void* /*data*/, curlsocktype /*purpose*/,
                         curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

}  // namespace

Transfer::Transfer(HttpRequest request, const HttpOptions& options,
                   Done<HttpResponse> done)
    : request_(std::move(request)),
      options_(options),
      deadline_(std::chrono::steady_clock::now() +
                request_.total_timeout.value_or(options.total_timeout)),
      done_(std::move(done)),
      easy_(curl_easy_init()) {
  LIBRETTO_CHECK(easy_ != nullptr);
}

Transfer::~Transfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

void Transfer::Prepare() {
  const auto set = [this](CURLoption option, auto value) {
    LIBRETTO_CHECK(curl_easy_setopt(easy_, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  SetTrust(easy_, request_.url, options_);
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_PIPEWAIT, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  // A name that is still looked up holds nobody who ends the transfer.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(options_.connect_timeout.count()));
  // What it has waited for its turn counts.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      deadline_ - std::chrono::steady_clock::now());
  set(CURLOPT_TIMEOUT_MS,
      static_cast<long>(std::max<std::int64_t>(1, left.count())));
  set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_PRIVATE, this);
  // Without this a body over 1 KiB waits for a 100 that may never come.
  headers_ = curl_slist_append(headers_, "Expect:");
  for (const SecretBytes& header : request_.headers) {
    headers_ =
        curl_slist_append(headers_, std::string(header.Reveal()).c_str());
  }
  set(CURLOPT_HTTPHEADER, headers_);
  if (std::strcmp(request_.method, "POST") == 0) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(request_.body.size()));
    // Not copied by libcurl; ours for as long as the transfer lives.
    set(CURLOPT_POSTFIELDS,
        request_.body.empty() ? "" : request_.body.Reveal().data());
  }
}

std::size_t Transfer::OnBody(char* data, std::size_t, std::size_t size,
                             void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->body_.size() + size > transfer->request_.max_response_bytes) {
    transfer->excess_ = "sent a larger answer than it may";
    return 0;
  }
  transfer->body_.append(data, size);
  return size;
}

std::size_t Transfer::OnHeader(char* data, std::size_t, std::size_t size,
                               void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->header_bytes_ += size;
  if (transfer->header_bytes_ > kMaxHeaderBytes ||
      ++transfer->header_count_ > kMaxHeaders) {
    transfer->excess_ = "sent more headers than it may";
    return 0;
  }
  const std::string_view line(data, size);
  transfer->headers_ended_ = line == "\r\n" || line == "\n";
  if (const auto cookie = HeaderValue(line, "set-cookie")) {
    transfer->response_.set_cookies.push_back(SecretBytes::CopyOf(*cookie));
  }
  for (const char* name : {"retry-after", "x-retry-after"}) {
    const auto value = HeaderValue(line, name);
    if (!value.has_value()) continue;
    // Of two that differ the longer one: it satisfies both.
    transfer->response_.retry_after =
        std::max(transfer->response_.retry_after, WaitIn(*value));
  }
  return size;
}

bool Transfer::UsedHttp2() const {
  long version = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_2_0;
}

long Transfer::NewConnections() const {
  long count = 0;
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &count);
  return count;
}

StatusOr<HttpResponse> Transfer::Outcome(CURLcode result) {
  if (result != CURLE_OK) {
    const std::string host = HostOf(request_.url);
    if (excess_ != nullptr) return Offline(host + " " + excess_);
    return WhyUnreachable(result, host, detail_.data());
  }
  // libcurl is content with headers that break off.
  if (!headers_ended_) {
    return Offline(HostOf(request_.url) + " broke off its answer");
  }
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.body = SecretBytes::Take(std::move(body_));
  return std::move(response_);
}

}  // namespace libretto
