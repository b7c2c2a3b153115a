// What nghttp2 calls while GrpcSession receives and produces.
#include "agent/grpc/grpc_session.h"
#include "base/check.h"
#include "base/octets.h"

namespace libretto {
namespace {

constexpr std::size_t kFrameHeaderBytes = 9;

}  // namespace

GrpcSession& GrpcSession::Self(void* user_data) {
  return *static_cast<GrpcSession*>(user_data);
}

const nghttp2_session_callbacks* GrpcSession::Callbacks() {
  static const nghttp2_session_callbacks* const kCallbacks = MakeCallbacks();
  return kCallbacks;
}

const nghttp2_session_callbacks* GrpcSession::MakeCallbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  LIBRETTO_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
          Self(user_data).OnHeadersBegin(frame->hd.stream_id);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
         std::size_t name_size, const std::uint8_t* value,
         std::size_t value_size, std::uint8_t, void* user_data) {
        Self(user_data).OnHeader(frame->hd.stream_id, AsText(name, name_size),
                                 AsText(value, value_size));
        return 0;
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
        Self(user_data).OnFrame(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame* frame,
                    const std::uint8_t* frame_header, std::size_t size,
                    nghttp2_data_source*, void* user_data) {
        return Self(user_data).AppendData(
            frame->hd.stream_id, AsText(frame_header, kFrameHeaderBytes), size);
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        Self(user_data).OnFrameSent(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks,
      [](nghttp2_session*, std::int32_t id, std::uint32_t, void* user_data) {
        Self(user_data).OnClosed(id);
        return 0;
      });
  return callbacks;
}

}  // namespace libretto
