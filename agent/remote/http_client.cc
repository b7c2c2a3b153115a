#include "agent/remote/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/remote/api_url.h"
#include "agent/remote/http_header.h"
#include "agent/remote/http_trust.h"
#include "base/check.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{16} << 10;
constexpr std::size_t kMaxHeaders = 100;
// To one cloud, where it does not offer HTTP/2.
constexpr long kMaxConnections = 32;
// Of a batch's connections so many stay for what comes next.
constexpr long kKeptConnections = 2;
// How long after the last answer a batch counts as over.
constexpr std::chrono::milliseconds kLinger{200};

CURLM* NewMulti() {
  CURLM* const multi = curl_multi_init();
  LIBRETTO_CHECK(multi != nullptr);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, kMaxConnections);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kMaxConnections);
  return multi;
}

// One request on its way: what libcurl reads from and writes to.
class Transfer {
 public:
  Transfer(HttpRequest request, Done<HttpResponse> done)
      : request_(std::move(request)),
        done_(std::move(done)),
        easy_(curl_easy_init()) {
    LIBRETTO_CHECK(easy_ != nullptr);
  }
  ~Transfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() { return easy_; }
  void Prepare(const HttpOptions& options);
  bool UsedHttp2() const;
  long NewConnections() const;
  StatusOr<HttpResponse> Outcome(CURLcode result);
  Done<HttpResponse> TakeDone() { return std::move(done_); }

 private:
  static std::size_t OnBody(char* data, std::size_t, std::size_t size,
                            void* self);
  static std::size_t OnHeader(char* data, std::size_t, std::size_t size,
                              void* self);

  HttpRequest request_;
  Done<HttpResponse> done_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  std::string body_;
  std::size_t header_bytes_ = 0;
  std::size_t header_count_ = 0;
  bool headers_ended_ = false;
  HttpResponse response_;
  const char* excess_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> detail_{};
};

void Transfer::Prepare(const HttpOptions& options) {
  const auto set = [this](CURLoption option, auto value) {
    LIBRETTO_CHECK(curl_easy_setopt(easy_, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  SetTrust(easy_, request_.url, options);
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_PIPEWAIT, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  // A name that is still looked up holds nobody who ends the transfer.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(options.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS,
      static_cast<long>(
          request_.total_timeout.value_or(options.total_timeout).count()));
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

}  // namespace

// Owns the thread and libcurl's multi handle; the mutex guards the inbox.
class HttpClient::Worker {
 public:
  Worker(Executor& loop, HttpOptions options)
      : loop_(loop), options_(std::move(options)), multi_(NewMulti()) {
    thread_ = std::thread([this] { Run(); });
  }

  ~Worker() {
    Stop();
    curl_multi_cleanup(multi_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Enqueue(std::unique_ptr<Transfer> transfer) {
    // Woken under the lock: Renew() replaces the handle under it.
    const std::lock_guard<std::mutex> lock(mutex_);
    inbox_.push_back(std::move(transfer));
    if (stopping_) return FailInbox();
    curl_multi_wakeup(multi_);
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      curl_multi_wakeup(multi_);
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run();
  bool TakeInbox();
  void Collect();
  void Finish(CURL* easy, CURLcode result);
  std::chrono::milliseconds EndBatch();
  void Renew();
  void FailAll();
  void FailInbox();

  Executor& loop_;
  const HttpOptions options_;
  CURLM* multi_;
  std::map<CURL*, std::unique_ptr<Transfer>> active_;
  bool used_http2_ = false;
  long connections_ = 0;  // opened since the last Renew()
  std::optional<std::chrono::steady_clock::time_point> idle_since_;

  std::mutex mutex_;
  std::deque<std::unique_ptr<Transfer>> inbox_;
  bool stopping_ = false;
  std::thread thread_;
};

void HttpClient::Worker::Run() {
  while (TakeInbox()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    Collect();
    // libcurl shortens the wait to its own next deadline.
    const auto wait = active_.empty() ? EndBatch() : options_.total_timeout;
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()),
                    nullptr);
  }
  FailAll();
}

bool HttpClient::Worker::TakeInbox() {
  std::deque<std::unique_ptr<Transfer>> inbox;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return false;
    inbox.swap(inbox_);
  }
  if (!inbox.empty()) idle_since_.reset();
  for (auto& transfer : inbox) {
    transfer->Prepare(options_);
    CURL* const easy = transfer->easy();
    curl_multi_add_handle(multi_, easy);
    active_[easy] = std::move(transfer);
  }
  return true;
}

void HttpClient::Worker::Collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) {
      Finish(message->easy_handle, message->data.result);
    }
  }
}

void HttpClient::Worker::Finish(CURL* easy, CURLcode result) {
  curl_multi_remove_handle(multi_, easy);
  const auto transfer = std::move(active_.extract(easy).mapped());
  used_http2_ = used_http2_ || transfer->UsedHttp2();
  connections_ += transfer->NewConnections();
  loop_.Post([done = transfer->TakeDone(),
              outcome = transfer->Outcome(result)]() mutable {
    std::move(done)(std::move(outcome));
  });
}

// libcurl's buffer of a live HTTP/2 connection keeps the last body it received,
// and a pool of connections is worth its memory to a batch only. So they go
// when a batch is over, but not between its list and its fetches. Returns how
// long nothing has to be done.
std::chrono::milliseconds HttpClient::Worker::EndBatch() {
  constexpr std::chrono::hours kForGood{1};
  if (!used_http2_ && connections_ <= kKeptConnections) return kForGood;
  const auto now = std::chrono::steady_clock::now();
  if (!idle_since_.has_value()) idle_since_ = now;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*idle_since_ +
                                                                 kLinger - now);
  if (left.count() > 0) return left;
  Renew();
  return kForGood;
}

void HttpClient::Worker::Renew() {
  const std::lock_guard<std::mutex> lock(mutex_);
  curl_multi_cleanup(multi_);
  multi_ = NewMulti();
  used_http2_ = false;
  connections_ = 0;
  idle_since_.reset();
  if (!inbox_.empty()) curl_multi_wakeup(multi_);
}

void HttpClient::Worker::FailAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto& [easy, transfer] : active_) {
    curl_multi_remove_handle(multi_, easy);
    inbox_.push_back(std::move(transfer));
  }
  active_.clear();
  FailInbox();
}

void HttpClient::Worker::FailInbox() {
  for (auto& transfer : inbox_) {
    loop_.Post([done = transfer->TakeDone()]() mutable {
      std::move(done)(Offline("the agent was locked or is stopping"));
    });
  }
  inbox_.clear();
}

HttpClient::HttpClient(Executor& loop, HttpOptions options)
    : loop_(loop), options_(options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  LIBRETTO_CHECK(initialised == CURLE_OK);
  worker_ = std::make_unique<Worker>(loop, std::move(options));
}

HttpClient::~HttpClient() = default;

void HttpClient::Refuse(Status why, DoneStatus done) {
  loop_.Post([why = std::move(why), done = std::move(done)]() mutable {
    std::move(done)(std::move(why));
  });
}

void HttpClient::Stop() { worker_->Stop(); }

void HttpClient::Abort() {
  worker_.reset();
  worker_ = std::make_unique<Worker>(loop_, options_);
}

void HttpClient::Send(HttpRequest request, Done<HttpResponse> done) {
  worker_->Enqueue(
      std::make_unique<Transfer>(std::move(request), std::move(done)));
}

}  // namespace libretto
