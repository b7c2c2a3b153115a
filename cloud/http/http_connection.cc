#include "cloud/http/http_connection.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "base/credential_name.h"
#include "cloud/core/text.h"

namespace libretto::cloud {
namespace {

namespace http = boost::beast::http;
using std::chrono::seconds;

constexpr std::uint32_t kMaxHeaderBytes = 16 << 10;
constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kReadAtOnce = std::size_t{16} << 10;
constexpr std::size_t kBufferBytes = kMaxHeaderBytes + kReadAtOnce;
constexpr seconds kHeaderTime(10);
constexpr seconds kBodyTime(10);
constexpr seconds kWriteTime(30);
constexpr seconds kIdleTime(30);
constexpr seconds kLingerTime(1);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view AsStd(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Bad HTTP, as against silence, a hang-up or a broken connection.
bool IsClientsFault(const boost::beast::error_code& error) {
  static const auto& kHttpErrors =
      http::make_error_code(http::error::bad_method).category();
  return error.category() == kHttpErrors &&
         error != http::error::end_of_stream &&
         error != http::error::partial_message;
}

// As Node does it: a repeated header is one header.
void AddHeader(HttpRequest& request, std::string name, std::string_view value) {
  const auto same =
      std::find_if(request.headers.begin(), request.headers.end(),
                   [&](const auto& header) { return header.first == name; });
  if (same == request.headers.end()) {
    request.headers.emplace_back(std::move(name), value);
    return;
  }
  same->second += name == "cookie" ? "; " : ", ";
  same->second += value;
}

}  // namespace

HttpConnection::HttpConnection(boost::asio::ip::tcp::socket socket, Host& host)
    : stream_(std::move(socket)), host_(host), buffer_(kBufferBytes) {}

HttpConnection::~HttpConnection() { host_.Forget(this); }

void HttpConnection::Start() {
  Error ignored;
  stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  AwaitRequest(kHeaderTime);
}

void HttpConnection::CloseIfIdle() {
  if (!busy_) Close();
}

void HttpConnection::AwaitRequest(seconds patience) {
  busy_ = false;
  parser_.reset();
  if (host_.IsStopping()) return Close();
  if (buffer_.size() > 0) return ReadHeader();
  stream_.expires_after(patience);
  stream_.async_read_some(
      buffer_.prepare(kReadAtOnce),
      [self = shared_from_this()](Error error, std::size_t count) {
        if (error) return self->Close();
        self->buffer_.commit(count);
        self->ReadHeader();
      });
}

void HttpConnection::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(kMaxHeaderBytes);
  // The route's limit is known once the header has been read. (boost::none, in
  // Boost 1.74, refuses every body that says its length.)
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  method_.clear();
  path_.clear();
  stream_.expires_after(kHeaderTime);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error error, std::size_t) {
        self->OnHeader(error);
      });
}

void HttpConnection::OnHeader(Error error) {
  began_ = std::chrono::steady_clock::now();
  if (error == http::error::header_limit ||
      error == http::error::buffer_overflow) {
    return Fail(431);
  }
  if (error) return IsClientsFault(error) ? Fail(400) : Close();

  const auto& header = parser_->get();
  const std::string_view target = AsStd(header.target());
  method_ = AsStd(header.method_string());
  path_ = target.substr(0, target.find('?'));
  if (static_cast<std::size_t>(std::distance(header.begin(), header.end())) >
      kMaxHeaders) {
    return Fail(431);
  }
  const std::size_t max_body = host_.MaxBody(method_, path_);
  if (parser_->content_length().value_or(0) > max_body) return Fail(413);
  parser_->body_limit(max_body);
  if (LowerCased(AsStd(header[http::field::expect])) == "100-continue") {
    return Continue();
  }
  ReadBody();
}

void HttpConnection::Continue() {
  stream_.expires_after(kWriteTime);
  boost::asio::async_write(
      stream_, boost::asio::buffer(kContinue.data(), kContinue.size()),
      [self = shared_from_this()](Error error, std::size_t) {
        if (error) return self->Close();
        self->ReadBody();
      });
}

void HttpConnection::ReadBody() {
  stream_.expires_after(kBodyTime);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](Error error, std::size_t) {
                     self->OnBody(error);
                   });
}

void HttpConnection::OnBody(Error error) {
  if (error == http::error::body_limit) return Fail(413);
  if (error) return IsClientsFault(error) ? Fail(400) : Close();
  busy_ = true;
  keep_alive_ = parser_->keep_alive();
  // Not bounded by the client any more.
  stream_.expires_never();
  host_.Dispatch(TakeRequest(),
                 [self = shared_from_this()](HttpResponse response) {
                   self->Write(std::move(response));
                 });
}

HttpRequest HttpConnection::TakeRequest() {
  auto& message = parser_->get();
  HttpRequest request;
  request.method = method_;
  request.path = path_;
  const std::string_view target = AsStd(message.target());
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) {
    request.query = target.substr(question + 1);
  }
  for (const auto& field : message) {
    AddHeader(request, LowerCased(AsStd(field.name_string())),
              AsStd(field.value()));
  }
  request.body = std::move(message.body());
  Error gone;
  const auto peer = stream_.socket().remote_endpoint(gone);
  if (!gone) request.peer = peer.address().to_string();
  return request;
}

void HttpConnection::Fail(int status) {
  busy_ = true;
  keep_alive_ = false;
  Write(Router::Plain(path_, status));
}

void HttpConnection::Write(HttpResponse response) {
  const auto version = parser_->get().version();
  response_.emplace(static_cast<http::status>(response.status),
                    version == 0 ? 11 : version);
  for (const auto& [name, value] : response.headers) {
    response_->insert(name, value);
  }
  const std::string id = host_.NextRequestId();
  if (response_->count(http::field::cache_control) == 0) {
    response_->insert(http::field::cache_control, "no-store");
  }
  response_->insert("x-request-id", id);
  response_->keep_alive(keep_alive_ && !host_.IsStopping());
  if (method_ == "HEAD") {
    response_->content_length(response.body.size());
  } else {
    response_->body() = std::move(response.body);
    response_->prepare_payload();
  }
  host_.LogAccess(
      {.id = id,
       .method = method_,
       .path = path_,
       .status = response.status,
       .failure = response.failure,
       .took = std::chrono::duration_cast<std::chrono::microseconds>(
           std::chrono::steady_clock::now() - began_)});
  stream_.expires_after(kWriteTime);
  http::async_write(stream_, *response_,
                    [self = shared_from_this()](Error error, std::size_t) {
                      self->OnWritten(error);
                    });
}

void HttpConnection::OnWritten(Error error) {
  const bool goes_on = response_->keep_alive();
  response_.reset();
  if (error) return Close();
  if (goes_on) return AwaitRequest(kIdleTime);
  Error ignored;
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send,
                            ignored);
  stream_.expires_after(kLingerTime);
  Linger();
}

// Closing while the client still sends (a body that is too large) would reset
// the connection and lose the answer; so what comes is read for a moment.
void HttpConnection::Linger() {
  busy_ = false;
  buffer_.clear();
  stream_.async_read_some(
      buffer_.prepare(kReadAtOnce),
      [self = shared_from_this()](Error error, std::size_t) {
        if (error) return self->Close();
        self->Linger();
      });
}

void HttpConnection::Close() {
  Error ignored;
  stream_.socket().close(ignored);
}

}  // namespace libretto::cloud
