// Http2Connection: an nghttp2 client session on one socket, driven by poll()
// until the streams of a Run() have ended or its deadline has passed.
//
// Not thread-safe.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "base/deadline.h"
#include "base/errors.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "client/transport/grpc_reply.h"

namespace libretto {

class Http2Connection {
 public:
  // One call on its way. `outcome` is set once it has ended.
  struct Stream {
    Stream(std::string call_path, const SecretBytes& message,
           absl::AnyInvocable<Status(SecretBytes)> sink);

    std::string path;
    SecretBytes body;  // gRPC's prefix and the message
    std::size_t sent = 0;
    GrpcReply reply;
    absl::AnyInvocable<Status(SecretBytes)> on_message;
    std::optional<Status> outcome;
  };

  // The server's first frame, its SETTINGS, has to come by
  // `handshake_deadline`.
  Http2Connection(UniqueFd socket, Deadline handshake_deadline);

  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;
  ~Http2Connection();

  // Starts `streams` and returns when each has its outcome. `streams` need not
  // live longer than that.
  void Run(std::span<Stream> streams, Deadline deadline);

 private:
  static const nghttp2_session_callbacks* Callbacks();
  static const nghttp2_session_callbacks* MakeCallbacks();
  static Http2Connection& Self(void* user_data);

  Status Submit(Stream& stream, Deadline deadline);
  Status Exchange(Deadline deadline);
  Status Send();
  Status Receive();
  void End(std::int32_t stream_id, const Status& outcome);
  void OnData(std::int32_t stream_id, std::string_view bytes);
  void OnClose(std::int32_t stream_id, std::uint32_t error_code);
  Stream* Find(std::int32_t stream_id) const;

  const UniqueFd socket_;
  const Deadline handshake_deadline_;
  nghttp2_session* session_ = nullptr;
  bool handshake_done_ = false;
  std::size_t running_ = 0;
  std::string unsent_;
  SecretBytes received_;
  Status broken_;  // why no further call can be made
};

}  // namespace libretto
