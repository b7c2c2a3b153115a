#include "client/transport/grpc_reply.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "client/transport/unreachable.h"

namespace libretto {
namespace {

constexpr std::string_view kContentType = "application/grpc";
// What HPACK counts for a header besides its text (RFC 7541, 4.1).
constexpr std::size_t kHeaderOverhead = 32;

bool IsGrpcContentType(std::string_view type) {
  if (!type.starts_with(kContentType)) return false;
  type.remove_prefix(kContentType.size());
  return type.empty() || type.front() == '+' || type.front() == ';';
}

// The whole of `text` as a number in [0, max].
std::optional<int> Number(std::string_view text, int max) {
  int number = -1;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || number < 0 || number > max) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && text.size() - i > 2 &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

Status GrpcReply::OnHeader(std::string_view name, std::string_view value) {
  header_bytes_ += name.size() + value.size() + kHeaderOverhead;
  if (header_bytes_ > kMaxHeaderBytes) {
    return Unreachable("the agent's answer has too many headers");
  }
  const std::pair<std::string_view, std::string*> known[] = {
      {":status", &http_status_},     {"content-type", &content_type_},
      {"grpc-status", &grpc_status_}, {"grpc-message", &grpc_message_},
      {"libretto-remedy", &remedy_},  {"libretto-wait", &wait_},
      {"libretto-reason", &reason_},
  };
  for (const auto& [header, field] : known) {
    if (name == header) *field = value;
  }
  return OkStatus();
}

StatusOr<std::size_t> GrpcReply::OnData(std::string_view bytes) {
  Status headers = CheckHeaders();
  if (!headers.ok()) return headers;
  // A status stands behind the messages or takes their place.
  grpc_status_.clear();
  std::size_t used = std::min(bytes.size(), kPrefixBytes - prefix_filled_);
  std::memcpy(prefix_ + prefix_filled_, bytes.data(), used);
  if (prefix_filled_ < kPrefixBytes) {
    prefix_filled_ += used;
    if (prefix_filled_ < kPrefixBytes) return used;
    Status started = StartMessage();
    if (!started.ok()) return started;
  }
  const std::size_t part =
      std::min(bytes.size() - used, message_.size() - message_filled_);
  if (part > 0) {
    std::memcpy(message_.RevealMutable() + message_filled_, bytes.data() + used,
                part);
  }
  message_filled_ += part;
  complete_ = message_filled_ == message_.size();
  return used + part;
}

Status GrpcReply::StartMessage() {
  if (prefix_[0] != 0) {
    return Unreachable("the agent's answer is compressed, which was not asked");
  }
  std::size_t size = 0;
  for (std::size_t i = 1; i < kPrefixBytes; ++i) size = size << 8 | prefix_[i];
  if (size > kMaxMessageBytes) {
    return Unreachable("the agent's answer is larger than 32 MiB");
  }
  message_ = SecretBytes(size);
  message_filled_ = 0;
  return OkStatus();
}

std::optional<SecretBytes> GrpcReply::TakeMessage() {
  if (!complete_) return std::nullopt;
  complete_ = false;
  prefix_filled_ = 0;
  return std::exchange(message_, SecretBytes());
}

Status GrpcReply::CheckHeaders() const {
  if (http_status_ != "200") {
    return Unreachable("the agent's answer is no gRPC: HTTP status is not 200");
  }
  if (!IsGrpcContentType(content_type_)) {
    return Unreachable("the agent's answer is no gRPC: wrong content type");
  }
  return OkStatus();
}

Status GrpcReply::Finish() const {
  Status headers = CheckHeaders();
  if (!headers.ok()) return headers;
  const std::optional<int> code =
      Number(grpc_status_, static_cast<int>(StatusCode::kUnauthenticated));
  if (!code.has_value()) {
    return Unreachable("the agent's answer ended without a status");
  }
  if (*code == 0) {
    return prefix_filled_ == 0
               ? OkStatus()
               : Unreachable("the agent's answer ended within a message");
  }
  const std::string message = PercentDecoded(grpc_message_);
  const auto status_code = static_cast<StatusCode>(*code);
  constexpr int kMaxWaitSeconds = 7 * 24 * 60 * 60;
  Status status =
      status_code == StatusCode::kResourceExhausted
          ? Throttled(message, std::chrono::seconds(
                                   Number(wait_, kMaxWaitSeconds).value_or(0)))
          : Status(status_code, absl::string_view(message));
  if (!remedy_.empty())
    status = WithRemedy(std::move(status), PercentDecoded(remedy_));
  if (!reason_.empty()) status = WithReason(std::move(status), reason_);
  return status;
}

}  // namespace libretto
