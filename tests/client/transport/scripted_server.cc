#include "tests/client/transport/scripted_server.h"

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "base/check.h"

namespace libretto::testing {
namespace {

std::uint8_t* Bytes(const std::string& text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

std::vector<nghttp2_nv> Names(const Headers& headers) {
  std::vector<nghttp2_nv> names;
  names.reserve(headers.size());
  for (const auto& [name, value] : headers) {
    names.push_back({Bytes(name), Bytes(value), name.size(), value.size(), 0});
  }
  return names;
}

struct Exchange {
  Request request;
  Answer answer;
  std::size_t sent = 0;
};

// One connection, served until the client has gone.
class Connection {
 public:
  Connection(UniqueFd socket, ScriptedServer::Script script)
      : socket_(std::move(socket)), script_(std::move(script)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                              OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    LIBRETTO_CHECK(nghttp2_session_server_new(&session_, callbacks, this) == 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { nghttp2_session_del(session_); }

  void Serve() {
    std::array<std::uint8_t, 4096> buffer{};
    while (Flush()) {
      const ssize_t count = read(socket_.get(), buffer.data(), buffer.size());
      if (count <= 0) return;
      if (nghttp2_session_mem_recv(session_, buffer.data(),
                                   static_cast<std::size_t>(count)) < 0) {
        return;
      }
      for (; !complete_.empty(); complete_.pop_back()) Reply(complete_.back());
    }
  }

 private:
  static Connection& Self(void* user_data) {
    return *static_cast<Connection*>(user_data);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user_data) {
    auto& headers =
        Self(user_data).exchanges_[frame->hd.stream_id].request.headers;
    headers[std::string(reinterpret_cast<const char*>(name), name_size)] =
        std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }

  static int OnData(nghttp2_session*, std::uint8_t, std::int32_t id,
                    const std::uint8_t* data, std::size_t size,
                    void* user_data) {
    Self(user_data).exchanges_[id].request.body.append(
        reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame,
                     void* user_data) {
    const bool of_call =
        frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (of_call && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      Self(user_data).complete_.push_back(frame->hd.stream_id);
    }
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session* session, std::int32_t id,
                          std::uint8_t* buffer, std::size_t capacity,
                          std::uint32_t* flags, nghttp2_data_source* source,
                          void* user_data) {
    auto* exchange = static_cast<Exchange*>(source->ptr);
    const Answer& answer = exchange->answer;
    const std::size_t part = answer.body.copy(reinterpret_cast<char*>(buffer),
                                              capacity, exchange->sent);
    exchange->sent += part;
    if (exchange->sent == answer.body.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (answer.close_in_body) {
        Self(user_data).closing_ = true;
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      } else if (!answer.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto names = Names(answer.trailers);
        nghttp2_submit_trailer(session, id, names.data(), names.size());
      }
    }
    return static_cast<ssize_t>(part);
  }

  void Reply(std::int32_t id) {
    Exchange& exchange = exchanges_[id];
    exchange.answer = script_(exchange.request);
    const Answer& answer = exchange.answer;
    if (answer.never) return;
    if (answer.goaway) {
      nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR,
                            nullptr, 0);
      return;
    }
    if (answer.reset >= 0) {
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id,
                                static_cast<std::uint32_t>(answer.reset));
      return;
    }
    const auto names = Names(answer.headers);
    nghttp2_data_provider body{};
    body.source.ptr = &exchange;
    body.read_callback = ReadBody;
    const bool headers_alone = answer.body.empty() && answer.trailers.empty();
    nghttp2_submit_response(session_, id, names.data(), names.size(),
                            headers_alone ? nullptr : &body);
  }

  // False when the connection is over.
  bool Flush() {
    for (;;) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size < 0) return false;
      if (size == 0) break;
      if (send(socket_.get(), data, static_cast<std::size_t>(size),
               MSG_NOSIGNAL) != size) {
        return false;
      }
    }
    return !closing_;
  }

  const UniqueFd socket_;
  const ScriptedServer::Script script_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Exchange> exchanges_;
  std::vector<std::int32_t> complete_;
  bool closing_ = false;
};

}  // namespace

std::string Framed(const std::string& message, char compressed) {
  std::string framed(1, compressed);
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed += static_cast<char>(message.size() >> shift & 0xff);
  }
  return framed + message;
}

std::pair<UniqueFd, UniqueFd> ConnectedPair() {
  std::array<int, 2> ends{};
  LIBRETTO_CHECK(
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

ScriptedServer::ScriptedServer(UniqueFd socket, Script script)
    : thread_(
          [socket = std::move(socket), script = std::move(script)]() mutable {
            Connection(std::move(socket), std::move(script)).Serve();
          }) {}

ScriptedServer ScriptedServer::Raw(UniqueFd socket, std::string bytes,
                                   bool close) {
  return ScriptedServer(std::thread(
      [socket = std::move(socket), bytes = std::move(bytes), close] {
        (void)!send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        std::array<char, 4096> buffer{};
        while (!close && read(socket.get(), buffer.data(), buffer.size()) > 0) {
        }
      }));
}

ScriptedServer::~ScriptedServer() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace libretto::testing
