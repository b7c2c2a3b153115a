#include "agent/remote/http_client.h"

#include <curl/curl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agent/remote/transfer.h"
#include "base/check.h"

namespace libretto {
namespace {

// So many requests go out at once: over one connection each, until it is known
// that the cloud offers HTTP/2, and over one for all then. libcurl could queue
// what is more, but what it has queued it may forget when a connection dies.
constexpr long kMaxConnections = 32;
constexpr std::size_t kMaxStreams = 64;
// Of a batch's connections so many stay for what comes next.
constexpr long kKeptConnections = 2;
// How long after the last answer a batch counts as over.
constexpr std::chrono::milliseconds kLinger{500};
// libcurl keeps the time by itself; a transfer that it has lost ends so long
// after its deadline.
constexpr std::chrono::milliseconds kGrace{250};

CURLM* NewMulti() {
  CURLM* const multi = curl_multi_init();
  LIBRETTO_CHECK(multi != nullptr);
  // What it wakes itself with is open now, and not closed on exec; nothing of
  // ours is to be anything else.
  close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kMaxConnections);
  return multi;
}

}  // namespace

// Owns the thread and libcurl's multi handle; the mutex guards the inbox.
class HttpClient::Worker {
 public:
  explicit Worker(Executor& loop) : loop_(loop), multi_(NewMulti()) {
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
  bool HasRoom() const;
  void StartWaiting();
  void Collect();
  void EndLate();
  std::chrono::milliseconds UntilNextDeadline() const;
  void Finish(CURL* easy, CURLcode result);
  std::chrono::milliseconds EndBatch();
  void Renew();
  void FailAll();
  void FailInbox();

  Executor& loop_;
  CURLM* multi_;
  std::deque<std::unique_ptr<Transfer>> waiting_;  // for their turn
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
    StartWaiting();
    int running = 0;
    curl_multi_perform(multi_, &running);
    Collect();
    EndLate();
    if (!waiting_.empty() && HasRoom()) continue;
    const auto wait = active_.empty() ? EndBatch() : UntilNextDeadline();
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()),
                    nullptr);
  }
  FailAll();
}

bool HttpClient::Worker::TakeInbox() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return false;
  for (auto& transfer : inbox_) waiting_.push_back(std::move(transfer));
  inbox_.clear();
  return true;
}

bool HttpClient::Worker::HasRoom() const {
  const auto connections = static_cast<std::size_t>(kMaxConnections);
  return active_.size() < (used_http2_ ? kMaxStreams : connections);
}

void HttpClient::Worker::StartWaiting() {
  while (!waiting_.empty() && HasRoom()) {
    std::unique_ptr<Transfer> transfer = std::move(waiting_.front());
    waiting_.pop_front();
    idle_since_.reset();
    transfer->Prepare();
    CURL* const easy = transfer->easy();
    curl_multi_add_handle(multi_, easy);
    active_[easy] = std::move(transfer);
  }
}

void HttpClient::Worker::Collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) {
      Finish(message->easy_handle, message->data.result);
    }
  }
}

void HttpClient::Worker::EndLate() {
  const auto too_late = std::chrono::steady_clock::now() - kGrace;
  std::vector<CURL*> late;
  for (const auto& [easy, transfer] : active_) {
    if (transfer->deadline() < too_late) late.push_back(easy);
  }
  for (CURL* const easy : late) Finish(easy, CURLE_OPERATION_TIMEDOUT);
}

std::chrono::milliseconds HttpClient::Worker::UntilNextDeadline() const {
  auto next = std::chrono::steady_clock::time_point::max();
  for (const auto& [easy, transfer] : active_) {
    next = std::min(next, transfer->deadline());
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      next - std::chrono::steady_clock::now());
  return std::max(left + kGrace, std::chrono::milliseconds(1));
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
// when a batch is over, but not between its list and its fetches; and the
// system gets back what it took to read the batch, which malloc() would keep.
// Returns how long nothing has to be done.
std::chrono::milliseconds HttpClient::Worker::EndBatch() {
  constexpr std::chrono::hours kForGood{1};
  if (!used_http2_ && connections_ <= kKeptConnections) return kForGood;
  const auto now = std::chrono::steady_clock::now();
  if (!idle_since_.has_value()) idle_since_ = now;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*idle_since_ +
                                                                 kLinger - now);
  if (left.count() > 0) return left;
  Renew();
  malloc_trim(0);
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
  for (auto& transfer : waiting_) inbox_.push_back(std::move(transfer));
  waiting_.clear();
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
    : loop_(loop), options_(std::move(options)) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  LIBRETTO_CHECK(initialised == CURLE_OK);
  worker_ = std::make_unique<Worker>(loop);
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
  worker_ = std::make_unique<Worker>(loop_);
}

void HttpClient::Send(HttpRequest request, Done<HttpResponse> done) {
  worker_->Enqueue(std::make_unique<Transfer>(std::move(request), options_,
                                              std::move(done)));
}

}  // namespace libretto
