#include "cloud/http/server.h"

#include <charconv>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "base/credential_name.h"
#include "base/seal.h"
#include "cloud/http/http_connection.h"
#include "cloud/http/worker_pool.h"

namespace libretto::cloud {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMaxConnections = 512;
constexpr std::size_t kWorkers = 4;
// 64 MiB each.
constexpr std::size_t kHashers = 4;
constexpr std::size_t kMaxQueuedHashes = 64;
constexpr std::size_t kMaxLoggedPath = 256;
constexpr std::chrono::milliseconds kAcceptPause(50);
constexpr std::chrono::milliseconds kStopPatience(500);
constexpr std::chrono::seconds kHousekeepingEvery(10);

}  // namespace

StatusOr<ListenAddress> ListenAddress::Parse(std::string_view text) {
  const Status malformed =
      Invalid("the address " + std::string(text) +
              " is not of the form HOST:PORT, e.g. 127.0.0.1:8080");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") host = "127.0.0.1";
  ListenAddress address;
  const auto [end, failed] = std::from_chars(
      digits.data(), digits.data() + digits.size(), address.port);
  error_code error;
  const auto ip = asio::ip::make_address(std::string(host), error);
  if (error || failed != std::errc() || end != digits.data() + digits.size()) {
    return malformed;
  }
  address.host = ip.to_string();
  address.is_loopback = ip.is_loopback();
  return address;
}

class HttpServer::Core final : public HttpConnection::Host {
 public:
  Core()
      : acceptor_(io_), accept_pause_(io_), housekeeping_(io_), grace_(io_) {}

  Status Listen(const ListenAddress& address) {
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(address.host),
                                 address.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error)
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return WithRemedy(
          FromErrno(error.value(), "cannot listen on " + address.host + ":" +
                                       std::to_string(address.port)),
          "--listen 127.0.0.1:0, which takes a free port");
    }
    return OkStatus();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void Start(const Router& router, Log log,
             std::function<void()> housekeeping) {
    router_ = &router;
    log_ = std::move(log);
    keep_house_ = std::move(housekeeping);
    workers_.emplace(kWorkers, kMaxConnections);
    hashers_.emplace(kHashers, kMaxQueuedHashes);
    Accept();
    ScheduleHousekeeping();
    thread_ = std::thread([this] { io_.run(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { BeginStop(); });
    thread_.join();
    workers_->Stop();
    hashers_->Stop();
  }

  // HttpConnection::Host
  std::size_t MaxBody(std::string_view method,
                      std::string_view path) const override {
    const Route* const route = router_->Find(method, path);
    return route == nullptr ? Route{}.max_body : route->max_body;
  }

  void Dispatch(HttpRequest request, HttpConnection::Reply reply) override {
    const Route* const route = router_->Find(request.method, request.path);
    const bool hashes =
        route != nullptr && route->work == Work::kPasswordHashing;
    // Shared, because a std::function wants to be copyable.
    const auto shared = std::make_shared<HttpRequest>(std::move(request));
    const bool queued =
        (hashes ? *hashers_ : *workers_).Post([this, shared, reply]() mutable {
          // Moved, not copied: a copy left here could be the last to hold
          // the connection, which must end on the server's thread.
          asio::post(io_, [reply = std::move(reply),
                           response = router_->Handle(*shared)]() mutable {
            reply(std::move(response));
          });
        });
    if (queued) return;
    HttpResponse busy = Router::Plain(shared->path, 503);
    busy.headers.emplace_back("retry-after", "1");
    reply(std::move(busy));
  }

  bool IsStopping() const override { return stopping_; }

  void LogAccess(const AccessRecord& record) override {
    const std::string method = Printable(record.method, kMaxLoggedPath);
    const std::string path =
        Printable(router_->PathForLog(record.path), kMaxLoggedPath);
    AccessRecord printable = record;
    printable.method = method;
    printable.path = path;
    log_(printable);
  }

  // Unique among all runs, without asking the kernel for each request.
  std::string NextRequestId() override {
    return run_id_ + "-" + std::to_string(++requests_);
  }

  void Forget(HttpConnection* connection) override {
    connections_.erase(connection);
    if (stopping_) {
      if (connections_.empty()) io_.stop();
    } else if (accept_is_paused_) {
      accept_is_paused_ = false;
      Accept();
    }
  }

 private:
  void Accept() {
    acceptor_.async_accept(
        [this](error_code error, HttpConnection::Socket socket) {
          if (stopping_ || error == asio::error::operation_aborted) return;
          if (error) return AcceptLater();
          const auto connection =
              std::make_shared<HttpConnection>(std::move(socket), *this);
          connections_.insert(connection.get());
          connection->Start();
          if (connections_.size() < kMaxConnections) {
            Accept();
          } else {
            accept_is_paused_ = true;  // until Forget()
          }
        });
  }

  // Out of descriptors, most likely: trying at once would only spin.
  void AcceptLater() {
    accept_pause_.expires_after(kAcceptPause);
    accept_pause_.async_wait([this](error_code error) {
      if (!error && !stopping_) Accept();
    });
  }

  void ScheduleHousekeeping() {
    housekeeping_.expires_after(kHousekeepingEvery);
    housekeeping_.async_wait([this](error_code error) {
      if (error || stopping_) return;
      workers_->Post(keep_house_);
      ScheduleHousekeeping();
    });
  }

  void BeginStop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
    housekeeping_.cancel();
    if (connections_.empty()) return io_.stop();
    for (HttpConnection* connection : connections_) connection->CloseIfIdle();
    grace_.expires_after(kStopPatience);
    grace_.async_wait([this](error_code) { io_.stop(); });
  }

  // Outlives io_, whose destructor may still destroy connections.
  std::set<HttpConnection*> connections_;
  bool stopping_ = false;
  bool accept_is_paused_ = false;
  asio::io_context io_{1};
  asio::basic_socket_acceptor<tcp, HttpConnection::Executor> acceptor_;
  asio::steady_timer accept_pause_;
  asio::steady_timer housekeeping_;
  asio::steady_timer grace_;
  const Router* router_ = nullptr;
  HttpServer::Log log_;
  std::function<void()> keep_house_;
  const std::string run_id_ = RandomAlphanumeric(6);
  std::uint64_t requests_ = 0;
  std::thread thread_;
  std::optional<WorkerPool> workers_;
  std::optional<WorkerPool> hashers_;
};

HttpServer::HttpServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}

HttpServer::~HttpServer() { Stop(); }

StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(
    const ListenAddress& address) {
  auto core = std::make_unique<Core>();
  Status listening = core->Listen(address);
  if (!listening.ok()) return listening;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

std::uint16_t HttpServer::port() const { return core_->port(); }

void HttpServer::Start(const Router& router, Log log,
                       std::function<void()> housekeeping) {
  core_->Start(router, std::move(log), std::move(housekeeping));
}

void HttpServer::Stop() { core_->Stop(); }

}  // namespace libretto::cloud
