// FrameGuard: follows the HTTP/2 frames (RFC 9113) of one connection, in both
// directions, and says when the client has to be cut off. It reads the nine
// bytes before each frame and the five before each gRPC message, never what
// they carry, and believes nothing that the client says about itself: whether
// SETTINGS were acknowledged, for one.
//
// No socket and no clock of its own: bytes and times are handed in.
// Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/grpc/allowance.h"
#include "agent/grpc/frame_position.h"
#include "base/clock.h"
#include "base/errors.h"

namespace libretto {

struct FrameLimits {
  // Preface and first SETTINGS, from the hand-over on.
  std::chrono::milliseconds handshake{3000};
  // A frame, a header block and a request: each from its first byte to its
  // last. Also how long the client may refuse to take the end of an answer.
  std::chrono::milliseconds transfer{10'000};
  std::chrono::milliseconds idle{30'000};  // a connection without a call
  // What a connection gets before it may have to make room for others: for its
  // preface, and for its next call.
  std::chrono::milliseconds silent_patience{50};
  std::chrono::milliseconds idle_patience{200};

  std::uint32_t frame_bytes = 16'384;         // of a frame's payload
  std::uint32_t header_block_bytes = 16'384;  // with the frames' own headers
  // GrpcSession answers those above 128 KiB, and lets the client have 32 calls
  // at once. Above these figures nobody means well.
  std::uint32_t message_bytes = 1024 * 1024;
  std::size_t streams = 64;
  int request_frames = 128;  // DATA frames of one request

  // Frames that cost the client nothing and move no call along:
  // SETTINGS, PRIORITY, empty DATA, frames on streams that have ended, unknown
  // ones, and each full KiB of a header block. RST_STREAM (the server's too,
  // which the client provokes) counts for four: a call has begun then.
  int noise_burst = 300;
  int noise_per_s = 50;
  // WINDOW_UPDATE and PING: these, and what streams and the server's DATA earn.
  int upkeep_burst = 300;
  int upkeep_per_s = 50;
};

class FrameGuard {
 public:
  FrameGuard(const FrameLimits& limits, TimePoint now);

  // What comes from the client, before it goes to the server, in whatever
  // pieces. Once it is not OK the connection is to be cut: Invalid() for what
  // breaks the protocol, Throttled() for what is over a limit.
  Status FromClient(std::string_view bytes, TimePoint now);

  // What comes from the server, before it goes to the client.
  Status FromServer(std::string_view bytes, TimePoint now);

  // When time alone may end the connection; moves with every piece.
  TimePoint NextDeadline() const;
  // TooSlow() when something that has begun has not ended in time.
  Status CheckTime(TimePoint now) const;
  // No call has been in flight for as long as that may be.
  bool Idle(TimePoint now) const;

  // It has done nothing for long enough to make room for others.
  bool CanGo(TimePoint now) const;

  std::uint32_t last_stream() const { return last_stream_; }
  std::size_t streams() const { return streams_.size(); }

 private:
  // A stream between the client's HEADERS and the server's last frame on it.
  struct Stream {
    std::uint32_t id = 0;
    TimePoint begun;
    bool request_ended = false;
    int frames = 0;
    std::array<unsigned char, 5> prefix{};  // of the message that it is in
    std::size_t prefix_size = 0;
    std::uint32_t message_left = 0;
  };

  Status TakePreface(std::string_view& bytes);
  Status BeginClientFrame(TimePoint now);
  Status TakePayload(std::string_view piece);
  Status EndClientFrame();
  Status BeginData(TimePoint now);
  Status TakeData(Stream& stream, std::string_view piece) const;
  Status BeginHeaders(TimePoint now);
  Status AddToHeaderBlock(TimePoint now);
  Status BeginControl(TimePoint now);
  Status SpendNoise(std::string_view what, TimePoint now,
                    std::uint32_t count = 1) {
    return Spend(noise_, what, now, count);
  }
  static Status Spend(Allowance& from, std::string_view what, TimePoint now,
                      std::uint32_t count = 1);
  Status BeginServerFrame(TimePoint now);

  Stream* Find(std::uint32_t id);
  void End(std::uint32_t id, TimePoint now);
  std::optional<TimePoint> TransferBegun() const;

  const FrameLimits limits_;
  const TimePoint begun_;
  std::size_t preface_left_;
  bool settled_ = false;  // the first SETTINGS have come
  FramePosition client_;
  TimePoint frame_begun_;
  std::uint32_t window_update_ = 0;
  // A header block that has begun, and on which stream it has to go on.
  std::uint32_t block_stream_ = 0;
  std::uint32_t block_bytes_ = 0;
  TimePoint block_begun_;
  FramePosition server_;
  std::vector<Stream> streams_;  // in the order of their beginnings
  std::uint32_t last_stream_ = 0;
  TimePoint idle_since_;
  Allowance noise_;
  Allowance upkeep_;
};

}  // namespace libretto
