#include "client/transport/grpc_reply.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "client/transport/unreachable.h"

namespace libretto {
namespace {

// What HPACK counts for a header besides its text (RFC 7541, 4.1).
constexpr std::size_t kHeaderOverhead = 32;

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

Status GrpcReply::OnData(std::string_view& bytes) {
  Status headers = CheckHeaders();
  if (!headers.ok()) return headers;
  // A status stands behind the messages or takes their place.
  grpc_status_.clear();
  switch (reader_.Read(bytes)) {
    case GrpcMessageReader::Problem::kNone:
      return OkStatus();
    case GrpcMessageReader::Problem::kCompressed:
      return Unreachable(
          "the agent's answer is compressed, which was not asked");
    case GrpcMessageReader::Problem::kTooLarge:
      return Unreachable("the agent's answer is larger than 32 MiB");
  }
  return OkStatus();
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
    return reader_.within_message()
               ? Unreachable("the agent's answer ended within a message")
               : OkStatus();
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
