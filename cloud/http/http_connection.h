// One client's connection: reads a request within the limits, hands it over,
// writes the answer, again and again. Lives as long as an operation of its own
// is pending. The server's thread only.
#pragma once

// Boost 1.74's awaitable.hpp uses std::exchange without its header.
#include <utility>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "cloud/http/http_message.h"
#include "cloud/http/server.h"

namespace libretto::cloud {

class HttpConnection final
    : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Reply = std::function<void(HttpResponse)>;
  // Named rather than any executor: asked several times for each request.
  using Executor = boost::asio::io_context::executor_type;
  using Socket =
      boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

  // What a connection needs of its server.
  class Host {
   public:
    virtual ~Host() = default;
    virtual std::size_t MaxBody(std::string_view method,
                                std::string_view path) const = 0;
    // `reply` is called on the server's thread, now or later.
    virtual void Dispatch(HttpRequest request, Reply reply) = 0;
    virtual bool IsStopping() const = 0;
    virtual void LogAccess(const AccessRecord& record) = 0;
    virtual std::string NextRequestId() = 0;
    virtual void Forget(HttpConnection* connection) = 0;
  };

  HttpConnection(Socket socket, Host& host);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection();

  void Start();

  // Closes unless a request is being handled or answered.
  void CloseIfIdle();

 private:
  using Error = boost::beast::error_code;
  using Parser =
      boost::beast::http::request_parser<boost::beast::http::string_body>;

  // Parses what has come; says need_more() when that is not all.
  Error Parse();
  void AwaitRequest(std::chrono::seconds patience);
  void ReadHeader();
  void OnHeader(Error error);
  void Continue();
  void ReadBody();
  void OnBody(Error error);
  HttpRequest TakeRequest();
  void Fail(int status);
  void Write(const HttpResponse& response);
  std::string TextOf(const HttpResponse& response,
                     std::string_view request_id) const;
  void OnWritten(Error error);
  void Linger();
  void Close();

  boost::beast::basic_stream<boost::asio::ip::tcp, Executor> stream_;
  Host& host_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string response_;
  bool busy_ = false;
  bool keep_alive_ = false;
  std::string peer_;
  // Of the request that is being handled.
  std::chrono::steady_clock::time_point began_;
  std::string method_;
  std::string path_;
};

}  // namespace libretto::cloud
