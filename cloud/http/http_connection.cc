#include "cloud/http/http_connection.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>

#include "base/secret.h"
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
constexpr std::size_t kUsualHead = 256;
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

bool MayHaveBody(int status) {
  return status >= 200 && status != 204 && status != 304;
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

HttpConnection::HttpConnection(Socket socket, Host& host)
    : stream_(std::move(socket)), host_(host), buffer_(kBufferBytes) {}

HttpConnection::~HttpConnection() { host_.Forget(this); }

void HttpConnection::Start() {
  Error ignored;
  stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  const auto peer = stream_.socket().remote_endpoint(ignored);
  if (!ignored) peer_ = peer.address().to_string();
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

// Most requests have come as a whole when they are looked at: an asynchronous
// read would find the same by way of the loop and a timer.
HttpConnection::Error HttpConnection::Parse() {
  Error error;
  buffer_.consume(parser_->put(buffer_.data(), error));
  return error;
}

void HttpConnection::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(kMaxHeaderBytes);
  // The route's limit is known once the header has been read. (boost::none, in
  // Boost 1.74, refuses every body that says its length.)
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  method_.clear();
  path_.clear();
  const Error parsed = Parse();
  if (parsed != http::error::need_more) return OnHeader(parsed);
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
  parser_->eager(true);
  const Error parsed = parser_->is_done() ? Error() : Parse();
  if (parsed != http::error::need_more && (parsed || parser_->is_done())) {
    return OnBody(parsed);
  }
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
                 [self = shared_from_this()](const HttpResponse& response) {
                   self->Write(response);
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
  request.peer = peer_;
  return request;
}

void HttpConnection::Fail(int status) {
  busy_ = true;
  keep_alive_ = false;
  Write(Router::Plain(path_, status));
}

void HttpConnection::Write(const HttpResponse& response) {
  keep_alive_ = keep_alive_ && !host_.IsStopping();
  const std::string id = host_.NextRequestId();
  response_ = TextOf(response, id);
  host_.LogAccess(
      {.id = id,
       .method = method_,
       .path = path_,
       .status = response.status,
       .failure = response.failure,
       .took = std::chrono::duration_cast<std::chrono::microseconds>(
           std::chrono::steady_clock::now() - began_)});
  stream_.expires_after(kWriteTime);
  boost::asio::async_write(
      stream_, boost::asio::buffer(response_),
      [self = shared_from_this()](Error error, std::size_t) {
        self->OnWritten(error);
      });
}

std::string HttpConnection::TextOf(const HttpResponse& response,
                                   std::string_view request_id) const {
  const bool is_old = parser_->get().version() == 10;
  std::string text;
  text.reserve(kUsualHead + response.body.size());
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  const std::string status = std::to_string(response.status);
  text.append(is_old ? "HTTP/1.0 " : "HTTP/1.1 ").append(status).append(" ");
  text.append(AsStd(http::obsolete_reason(
                  static_cast<http::status>(response.status))))
      .append("\r\n");
  bool says_how_long_it_keeps = false;
  for (const auto& [name, value] : response.headers) {
    add(name, value);
    says_how_long_it_keeps |= name == "cache-control";
  }
  if (!says_how_long_it_keeps) add("Cache-Control", "no-store");
  add("x-request-id", request_id);
  if (keep_alive_ == is_old) add("Connection", is_old ? "keep-alive" : "close");
  if (MayHaveBody(response.status)) {
    add("Content-Length", std::to_string(response.body.size()));
  }
  text.append("\r\n");
  if (method_ != "HEAD") text.append(response.body);
  return text;
}

void HttpConnection::OnWritten(Error error) {
  WipeString(response_);
  if (error) return Close();
  if (keep_alive_) return AwaitRequest(kIdleTime);
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
