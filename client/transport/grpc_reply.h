// GrpcReply: what one call has received so far, checked as it comes in:
// response headers, length-prefixed messages, trailers. It knows neither
// sockets nor HTTP/2 sessions. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/grpc_message.h"
#include "base/secret.h"

namespace libretto {

class GrpcReply {
 public:
  static constexpr std::size_t kMaxHeaderBytes = std::size_t{16} << 10;
  static constexpr std::size_t kMaxMessageBytes = std::size_t{32} << 20;

  // An error means that the peer broke a rule and the call is over.
  Status OnHeader(std::string_view name, std::string_view value);

  // Consumes from the front of `bytes` up to the end of the next message, which
  // then has to be taken.
  Status OnData(std::string_view& bytes);

  // The message that OnData() has completed, once.
  std::optional<SecretBytes> TakeMessage() { return reader_.TakeMessage(); }

  // Whether the trailers have brought the agent's verdict.
  bool has_status() const { return !grpc_status_.empty(); }

  // The stream has ended: the status that the agent sent, or Unreachable()
  // with what is wrong with the answer.
  Status Finish() const;

 private:
  Status CheckHeaders() const;

  std::size_t header_bytes_ = 0;
  std::string http_status_;
  std::string content_type_;
  std::string grpc_status_;
  std::string grpc_message_;
  std::string remedy_;
  std::string wait_;
  std::string reason_;

  GrpcMessageReader reader_{kMaxMessageBytes};
};

// gRPC's percent-encoding of grpc-message; what is malformed stays as it is.
std::string PercentDecoded(std::string_view text);

}  // namespace libretto
