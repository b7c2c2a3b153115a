// HTTP/2 frames as a client, or a server, would send them.
#pragma once

#include <cstdint>
#include <string>

namespace libretto::testing {

inline const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline constexpr int kData = 0, kHeaders = 1, kPriority = 2, kRstStream = 3,
                     kSettings = 4, kPushPromise = 5, kPing = 6, kGoaway = 7,
                     kWindowUpdate = 8, kContinuation = 9;
inline constexpr int kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8;

inline std::string Number(std::uint64_t number, int bytes = 4) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) {
    // Shifting by the whole width, or more, means nothing in C++.
    out.push_back(i < 8 ? static_cast<char>(number >> (8 * i) & 0xff) : '\0');
  }
  return out;
}

inline std::string Frame(int type, int flags, std::uint32_t stream,
                         const std::string& payload = "") {
  return Number(static_cast<std::uint32_t>(payload.size()), 3) +
         Number(static_cast<std::uint32_t>(type), 1) +
         Number(static_cast<std::uint32_t>(flags), 1) + Number(stream) +
         payload;
}

inline std::string Hello() { return kPreface + Frame(kSettings, 0, 0); }

// What a header block says does not matter to who does not look into it.
inline std::string Headers(std::uint32_t stream, int flags = kEndHeaders) {
  return Frame(kHeaders, flags, stream, std::string(60, 'h'));
}

inline std::string GrpcMessage(const std::string& bytes) {
  return Number(0, 1) + Number(static_cast<std::uint32_t>(bytes.size())) +
         bytes;
}

// A whole request on `stream`.
inline std::string Call(std::uint32_t stream) {
  return Headers(stream) + Frame(kData, kEndStream, stream, GrpcMessage("ask"));
}

// A whole answer to it.
inline std::string Answer(std::uint32_t stream) {
  return Headers(stream) + Frame(kData, 0, stream, GrpcMessage("answer")) +
         Headers(stream, kEndHeaders | kEndStream);
}

}  // namespace libretto::testing
