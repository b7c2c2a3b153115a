#include "agent/grpc/frame_position.h"

#include <algorithm>
#include <cstring>

namespace libretto {

void FramePosition::TakeHeader(std::string_view& bytes) {
  const std::size_t count = std::min(bytes.size(), header.size() - header_size);
  std::memcpy(header.data() + header_size, bytes.data(), count);
  bytes.remove_prefix(count);
  header_size += count;
  if (HeaderComplete()) payload_left = length();
}

std::uint32_t FramePosition::length() const {
  return std::uint32_t{header[0]} << 16 | std::uint32_t{header[1]} << 8 |
         header[2];
}

std::uint32_t FramePosition::stream() const {
  return (std::uint32_t{header[5]} & 0x7f) << 24 |
         std::uint32_t{header[6]} << 16 | std::uint32_t{header[7]} << 8 |
         header[8];
}

}  // namespace libretto
