// FramePosition: where a stream of HTTP/2 frames (RFC 9113, 4.1) is, whose
// bytes come in pieces: in which frame's header, or how far from its payload's
// end. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace libretto {

struct FramePosition {
  std::array<unsigned char, 9> header{};
  std::size_t header_size = 0;
  std::uint32_t payload_left = 0;

  bool AtBoundary() const { return header_size == 0; }
  bool HeaderComplete() const { return header_size == header.size(); }
  // Takes what a header still needs from the front of `bytes`.
  void TakeHeader(std::string_view& bytes);

  // REQUIRES: HeaderComplete().
  std::uint32_t length() const;
  unsigned char type() const { return header[3]; }
  bool Flag(unsigned char flag) const { return (header[4] & flag) != 0; }
  std::uint32_t stream() const;
};

}  // namespace libretto
