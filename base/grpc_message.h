// What both ends of a gRPC call have in common. A message on the wire is a byte
// that says whether it is compressed, four for its size, and itself
// ("Length-Prefixed-Message" of gRPC over HTTP2). Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/secret.h"

namespace libretto {

inline constexpr std::size_t kGrpcPrefixBytes = 5;
inline constexpr std::string_view kGrpcContentType = "application/grpc";

// kGrpcContentType, or that with a suffix or parameters.
bool IsGrpcContentType(std::string_view type);

SecretBytes WithGrpcPrefix(std::string_view message);

// Puts messages together from bytes that come in pieces. Memory is taken for
// what has come, never for what a prefix declares.
class GrpcMessageReader {
 public:
  enum class Problem { kNone, kCompressed, kTooLarge };

  explicit GrpcMessageReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Consumes from the front of `bytes` up to the end of a message, which then
  // has to be taken. After a problem nothing more is to be read.
  Problem Read(std::string_view& bytes);

  // The message that Read() has completed, once.
  std::optional<SecretBytes> TakeMessage();

  // A message has begun and not ended.
  bool within_message() const { return prefix_filled_ > 0; }

 private:
  Problem Begin();
  void Append(std::string_view piece);

  const std::size_t max_bytes_;
  std::array<unsigned char, kGrpcPrefixBytes> prefix_{};
  std::size_t prefix_filled_ = 0;
  std::size_t declared_ = 0;
  SecretBytes message_;  // at least filled_ bytes, at most declared_
  std::size_t filled_ = 0;
  bool complete_ = false;
};

}  // namespace libretto
