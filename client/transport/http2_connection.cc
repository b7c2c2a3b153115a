#include "client/transport/http2_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/grpc_message.h"
#include "base/octets.h"
#include "client/transport/unreachable.h"
#include "client/transport/wiping_memory.h"

namespace libretto {
namespace {

constexpr std::size_t kReceiveBytes = std::size_t{32} << 10;
// Room for a whole answer without a WINDOW_UPDATE on the way.
constexpr std::int32_t kWindowBytes = 1 << 20;
// The agent's limit on calls at once, which holds before its SETTINGS have
// arrived, too; what is over it waits here.
constexpr std::uint32_t kMaxCalls = 32;
constexpr int kMaxTimeoutMs = 99'999'999;  // grpc-timeout has eight digits

nghttp2_nv Header(std::string_view name, std::string_view value) {
  return {AsOctets(name), AsOctets(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

ssize_t ReadBody(nghttp2_session* /*session*/, std::int32_t /*stream_id*/,
                 std::uint8_t* buffer, std::size_t capacity,
                 std::uint32_t* flags, nghttp2_data_source* source,
                 void* /*user_data*/) {
  auto* stream = static_cast<Http2Connection::Stream*>(source->ptr);
  const std::string_view rest = stream->body.Reveal().substr(stream->sent);
  const std::size_t part = std::min(rest.size(), capacity);
  std::memcpy(buffer, rest.data(), part);
  stream->sent += part;
  if (part == rest.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(part);
}

}  // namespace

Http2Connection::Stream::Stream(std::string call_path,
                                const SecretBytes& message,
                                absl::AnyInvocable<Status(SecretBytes)> sink)
    : path(std::move(call_path)),
      body(WithGrpcPrefix(message.Reveal())),
      on_message(std::move(sink)) {}

Http2Connection::Http2Connection(UniqueFd socket, Deadline handshake_deadline)
    : socket_(std::move(socket)),
      handshake_deadline_(handshake_deadline),
      received_(kReceiveBytes) {
  nghttp2_option* option = nullptr;
  LIBRETTO_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_peer_max_concurrent_streams(option, kMaxCalls);
  LIBRETTO_CHECK(nghttp2_session_client_new3(&session_, Callbacks(), this,
                                             option, WipingMemory()) == 0);
  nghttp2_option_del(option);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GrpcReply::kMaxHeaderBytes},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings,
                          std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        kWindowBytes);
}

Http2Connection::~Http2Connection() {
  nghttp2_session_del(session_);
  WipeString(unsent_);
}

void Http2Connection::Run(std::span<Stream> streams, Deadline deadline) {
  running_ = streams.size();
  for (Stream& stream : streams) {
    if (broken_.ok()) broken_ = Submit(stream, deadline);
  }
  while (broken_.ok() && running_ > 0) broken_ = Exchange(deadline);
  // nghttp2 still points to streams that have no outcome; no call is ever made
  // again on a broken connection, so it does not look at them.
  for (Stream& stream : streams) {
    if (!stream.outcome.has_value()) stream.outcome = broken_;
  }
}

Status Http2Connection::Submit(Stream& stream, Deadline deadline) {
  const std::string timeout = std::to_string(std::min<std::int64_t>(
                                  Remaining(deadline).count(), kMaxTimeoutMs)) +
                              "m";
  const nghttp2_nv headers[] = {
      Header(":method", "POST"),
      Header(":scheme", "http"),
      Header(":path", stream.path),
      Header(":authority", "localhost"),
      Header("te", "trailers"),
      Header("content-type", "application/grpc"),
      Header("grpc-timeout", timeout),
      Header("user-agent", "librettoctl"),
  };
  nghttp2_data_provider body{};
  body.source.ptr = &stream;
  body.read_callback = ReadBody;
  const std::int32_t id = nghttp2_submit_request(
      session_, nullptr, headers, std::size(headers), &body, &stream);
  if (id < 0) return Unreachable("the agent takes no more calls here");
  return OkStatus();
}

Status Http2Connection::Exchange(Deadline deadline) {
  Status sent = Send();
  if (!sent.ok()) return sent;
  if (running_ == 0) return OkStatus();
  if (nghttp2_session_want_read(session_) == 0 && unsent_.empty()) {
    return Unreachable("the agent's answer is no gRPC");
  }
  const Deadline until =
      handshake_done_ ? deadline : std::min(deadline, handshake_deadline_);
  pollfd about{socket_.get(), POLLIN, 0};
  if (!unsent_.empty()) about.events |= POLLOUT;
  const auto limit = static_cast<int>(
      std::min<std::int64_t>(Remaining(until).count(), kMaxTimeoutMs));
  const int ready = poll(&about, 1, limit);
  if (ready == 0) return Unreachable("the agent does not answer");
  if (ready < 0) {
    if (errno == EINTR) return OkStatus();
    return Unreachable(Message(FromErrno(errno, "cannot wait for the agent")));
  }
  return (about.revents & ~POLLOUT) != 0 ? Receive() : OkStatus();
}

// Gathers what there is to send, so that a whole request is one system call.
Status Http2Connection::Send() {
  constexpr std::size_t kEnough = std::size_t{256} << 10;
  while (unsent_.size() < kEnough) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) return Internal("HTTP/2 failed to make a frame");
    if (size == 0) break;
    unsent_ += AsText(data, static_cast<std::size_t>(size));
  }
  if (unsent_.empty()) return OkStatus();
  const ssize_t count = send(socket_.get(), unsent_.data(), unsent_.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) {
    if (static_cast<std::size_t>(count) == unsent_.size()) {
      WipeString(unsent_);
    } else {
      unsent_.erase(0, static_cast<std::size_t>(count));
    }
    return OkStatus();
  }
  if (errno == EAGAIN || errno == EINTR) return OkStatus();
  if (errno == EPIPE || errno == ECONNRESET) {
    // The answer may have come before the peer hung up: Receive() will tell.
    WipeString(unsent_);
    return OkStatus();
  }
  return Unreachable(Message(FromErrno(errno, "cannot write to the agent")));
}

Status Http2Connection::Receive() {
  const ssize_t count = recv(socket_.get(), received_.RevealMutable(),
                             received_.size(), MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno == ECONNRESET)) {
    return Unreachable("the agent closed the connection");
  }
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return OkStatus();
    return Unreachable(Message(FromErrno(errno, "cannot read from the agent")));
  }
  const auto size = static_cast<std::size_t>(count);
  const ssize_t used =
      nghttp2_session_mem_recv(session_, AsOctets(received_.Reveal()), size);
  explicit_bzero(received_.RevealMutable(), size);
  return used < 0 ? Unreachable("the agent's answer is no gRPC") : OkStatus();
}

Http2Connection::Stream* Http2Connection::Find(std::int32_t stream_id) const {
  return static_cast<Stream*>(
      nghttp2_session_get_stream_user_data(session_, stream_id));
}

void Http2Connection::End(std::int32_t stream_id, const Status& outcome) {
  Stream* stream = Find(stream_id);
  if (stream == nullptr || stream->outcome.has_value()) return;
  stream->outcome = outcome;
  --running_;
  // What may still come for it finds nobody, also after Run() has returned.
  nghttp2_session_set_stream_user_data(session_, stream_id, nullptr);
}

void Http2Connection::OnData(std::int32_t stream_id, std::string_view bytes) {
  Stream* stream = Find(stream_id);
  while (!bytes.empty() && stream != nullptr && !stream->outcome.has_value()) {
    Status status = stream->reply.OnData(bytes);
    if (status.ok()) {
      std::optional<SecretBytes> message = stream->reply.TakeMessage();
      if (message.has_value()) {
        status = stream->on_message(*std::move(message));
      }
    }
    if (status.ok()) continue;
    End(stream_id, status);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id,
                              NGHTTP2_CANCEL);
  }
}

void Http2Connection::OnClose(std::int32_t stream_id,
                              std::uint32_t error_code) {
  const Stream* stream = Find(stream_id);
  if (stream == nullptr) return;
  if (error_code != NGHTTP2_NO_ERROR && !stream->reply.has_status()) {
    End(stream_id, Unreachable(std::string("the agent broke off the call: ") +
                               nghttp2_http2_strerror(error_code)));
    return;
  }
  End(stream_id, stream->reply.Finish());
}

Http2Connection& Http2Connection::Self(void* user_data) {
  return *static_cast<Http2Connection*>(user_data);
}

const nghttp2_session_callbacks* Http2Connection::Callbacks() {
  // Made by the first thread that comes here.
  static const nghttp2_session_callbacks* const kCallbacks = MakeCallbacks();
  return kCallbacks;
}

const nghttp2_session_callbacks* Http2Connection::MakeCallbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  LIBRETTO_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session* /*session*/, const nghttp2_frame* frame,
                    const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t /*flags*/, void* user_data) {
        Http2Connection& self = Self(user_data);
        const std::int32_t id = frame->hd.stream_id;
        Stream* stream = self.Find(id);
        if (stream == nullptr) return 0;
        const Status status = stream->reply.OnHeader(AsText(name, name_size),
                                                     AsText(value, value_size));
        if (status.ok()) return 0;
        self.End(id, status);
        return static_cast<int>(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session*, std::uint8_t, std::int32_t id,
         const std::uint8_t* data, std::size_t size, void* user_data) {
        Self(user_data).OnData(id, AsText(data, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        if (frame->hd.type == NGHTTP2_SETTINGS) {
          Self(user_data).handshake_done_ = true;
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t error_code,
                    void* user_data) {
        Self(user_data).OnClose(id, error_code);
        return 0;
      });
  return callbacks;
}

}  // namespace libretto
