// The first byte says in what pieces the client's bytes come: in any pieces
// they are judged the same. What passes has kept the limits, counted here in
// another way: by walking over whole frames.
#include "agent/grpc/frame_guard.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/check.h"
#include "tests/fuzz/input.h"

namespace {

using libretto::FrameGuard;
using libretto::FrameLimits;
using libretto::TimePoint;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

unsigned At(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// Whether a connection whose server says nothing may have sent `bytes`.
bool KeepsLimits(std::string_view bytes, const FrameLimits& limits) {
  std::set<unsigned> streams;
  unsigned last = 0;
  std::size_t block = 0;
  for (bytes.remove_prefix(kPreface.size()); bytes.size() >= 9;) {
    const unsigned length =
        At(bytes, 0) << 16 | At(bytes, 1) << 8 | At(bytes, 2);
    const unsigned type = At(bytes, 3);
    const unsigned id = (At(bytes, 5) & 0x7f) << 24 | At(bytes, 6) << 16 |
                        At(bytes, 7) << 8 | At(bytes, 8);
    if (length > limits.frame_bytes) return false;
    if (type == 1) {
      if (id > last) streams.insert(id);
      last = std::max(last, id);
      block = 0;
    }
    if (type == 1 || type == 9) block += 9 + length;
    if (type == 3) streams.erase(id);
    if (streams.size() > limits.streams) return false;
    if (block > limits.header_block_bytes) return false;
    bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 9 + length));
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = libretto::testing::Text(data, size);
  if (text.empty()) return 0;
  const std::size_t step = 1 + At(text, 0);
  text.remove_prefix(1);
  const TimePoint now{std::chrono::hours(1)};
  const FrameLimits limits;
  // Every input is past the preface, or hardly any would be.
  const std::string bytes = std::string(kPreface) + std::string(text);

  FrameGuard whole(limits, now);
  const bool passes = whole.FromClient(bytes, now).ok();
  FrameGuard guard(limits, now);
  bool passes_in_pieces = true;
  for (std::size_t i = 0; i < bytes.size() && passes_in_pieces; i += step) {
    passes_in_pieces =
        guard.FromClient(std::string_view(bytes).substr(i, step), now).ok();
  }
  LIBRETTO_CHECK(passes == passes_in_pieces);
  LIBRETTO_CHECK(whole.streams() <= limits.streams);
  if (passes) {
    LIBRETTO_CHECK(guard.streams() == whole.streams());
    LIBRETTO_CHECK(guard.NextDeadline() == whole.NextDeadline());
    LIBRETTO_CHECK(KeepsLimits(bytes, limits));
  }
  // The same bytes as a server's: whatever they are, they are followed.
  (void)whole.FromServer(text, now + std::chrono::seconds(1));
  LIBRETTO_CHECK(whole.streams() <= guard.streams());
  return 0;
}
