#include "agent/grpc/grpc_status.h"

namespace libretto {
namespace {

// Header values are visible ASCII; everything else is percent-encoded, as gRPC
// over HTTP2 says it of grpc-message.
std::string PercentEncoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f && c != '%') {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

}  // namespace

HeaderFields TrailersOf(const Status& status) {
  HeaderFields fields = {
      {"grpc-status", std::to_string(static_cast<int>(status.code()))}};
  if (status.ok()) return fields;
  const auto add = [&fields](std::string_view name, const std::string& text) {
    if (!text.empty()) fields.emplace_back(name, PercentEncoded(text));
  };
  add("grpc-message", Message(status));
  add("libretto-remedy", Remedy(status));
  add("libretto-reason", ReasonOf(status));
  if (WaitOf(status).count() > 0) {
    add("libretto-wait", std::to_string(WaitOf(status).count()));
  }
  return fields;
}

}  // namespace libretto
