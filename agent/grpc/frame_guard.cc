#include "agent/grpc/frame_guard.h"

#include <algorithm>

namespace libretto {
namespace {

// RFC 9113, 3.4.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// RFC 9113, 6.
enum FrameType : unsigned char {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
constexpr unsigned char kEndStream = 0x1;
constexpr unsigned char kAck = 0x1;
constexpr unsigned char kEndHeaders = 0x4;
constexpr unsigned char kPadded = 0x8;

constexpr std::uint32_t kFrameHeaderBytes = 9;
// A dozen are defined; each takes six bytes.
constexpr std::uint32_t kMaxSettingsBytes = 40 * 6;
constexpr std::uint32_t kMaxGoawayBytes = 1024;
// A header block of less is free; of more each full one counts.
constexpr std::uint32_t kFreeHeaderBytes = 1024;
constexpr std::uint32_t kResetCost = 4;
// WINDOW_UPDATEs that a client has reason for: gRPC's own sends one when it
// begins to read a stream, and two for what it has read.
constexpr int kUpkeepPerStream = 4;
constexpr int kUpkeepPerData = 3;

constexpr std::chrono::seconds kComeBackIn{1};

// The payload's size where the protocol fixes it.
std::optional<std::uint32_t> FixedLength(unsigned char type) {
  switch (type) {
    case kPriority:
      return 5;
    case kRstStream:
    case kWindowUpdate:
      return 4;
    case kPing:
      return 8;
    default:
      return std::nullopt;
  }
}

}  // namespace

FrameGuard::FrameGuard(const FrameLimits& limits, TimePoint now)
    : limits_(limits),
      begun_(now),
      preface_left_(kPreface.size()),
      frame_begun_(now),
      block_begun_(now),
      idle_since_(now),
      noise_(limits.noise_burst, limits.noise_per_s, now),
      upkeep_(limits.upkeep_burst, limits.upkeep_per_s, now) {}

Status FrameGuard::FromClient(std::string_view bytes, TimePoint now) {
  if (preface_left_ > 0) {
    if (Status preface = TakePreface(bytes); !preface.ok()) return preface;
  }
  while (!bytes.empty()) {
    if (!client_.HeaderComplete()) {
      if (client_.AtBoundary()) frame_begun_ = now;
      client_.TakeHeader(bytes);
      if (!client_.HeaderComplete()) break;
      if (Status begun = BeginClientFrame(now); !begun.ok()) return begun;
    }
    const std::size_t count =
        std::min<std::size_t>(bytes.size(), client_.payload_left);
    if (count > 0) {
      Status taken = TakePayload(bytes.substr(0, count));
      if (!taken.ok()) return taken;
      bytes.remove_prefix(count);
      client_.payload_left -= static_cast<std::uint32_t>(count);
    }
    if (client_.payload_left > 0) break;
    if (Status ended = EndClientFrame(); !ended.ok()) return ended;
    client_.header_size = 0;
  }
  return OkStatus();
}

Status FrameGuard::TakePreface(std::string_view& bytes) {
  const std::size_t count = std::min(bytes.size(), preface_left_);
  const std::string_view expected =
      kPreface.substr(kPreface.size() - preface_left_, count);
  if (bytes.substr(0, count) != expected) {
    return Invalid("it does not speak HTTP/2");
  }
  bytes.remove_prefix(count);
  preface_left_ -= count;
  return OkStatus();
}

Status FrameGuard::BeginClientFrame(TimePoint now) {
  const unsigned char type = client_.type();
  if (client_.length() > limits_.frame_bytes) {
    return Throttled("a frame is too large", kComeBackIn);
  }
  const auto fixed = FixedLength(type);
  if (fixed.has_value() && client_.length() != *fixed) {
    return Invalid("a frame is not of its size");
  }
  if (!settled_ && (type != kSettings || client_.Flag(kAck))) {
    return Invalid("its first frame is not SETTINGS");
  }
  if (block_stream_ != 0 &&
      (type != kContinuation || client_.stream() != block_stream_)) {
    return Invalid("a frame is in the middle of a header block");
  }
  switch (type) {
    case kData:
      return BeginData(now);
    case kHeaders:
      return BeginHeaders(now);
    case kContinuation:
      if (block_stream_ == 0) return Invalid("CONTINUATION of nothing");
      return AddToHeaderBlock(now);
    default:
      return BeginControl(now);
  }
}

Status FrameGuard::BeginData(TimePoint now) {
  // gRPC's clients pad nothing.
  if (client_.Flag(kPadded)) return Invalid("DATA is padded");
  if (client_.stream() == 0 || client_.stream() > last_stream_) {
    return Invalid("DATA is on no stream");
  }
  Stream* const stream = Find(client_.stream());
  // The server may have ended the stream while this was on its way.
  if (stream == nullptr) return SpendNoise("DATA on ended streams", now);
  if (stream->request_ended) return Invalid("DATA follows a request's end");
  if (++stream->frames > limits_.request_frames) {
    return Throttled("a request is in too many pieces", kComeBackIn);
  }
  if (client_.length() == 0 && !client_.Flag(kEndStream)) {
    return SpendNoise("empty DATA", now);
  }
  return OkStatus();
}

Status FrameGuard::BeginHeaders(TimePoint now) {
  const std::uint32_t id = client_.stream();
  if (id % 2 == 0) return Invalid("HEADERS are on no stream of a client");
  if (id <= last_stream_) {
    // The end of a request by a second header block is no gRPC, but harmless.
    Status spent = SpendNoise("HEADERS on streams that are known", now);
    if (!spent.ok()) return spent;
    Stream* const stream = Find(id);
    if (stream != nullptr && client_.Flag(kEndStream)) {
      stream->request_ended = true;
    }
  } else {
    if (streams_.size() >= limits_.streams) {
      return Throttled("too many calls at once", kComeBackIn);
    }
    last_stream_ = id;
    streams_.emplace_back();
    streams_.back().id = id;
    streams_.back().begun = frame_begun_;
    streams_.back().request_ended = client_.Flag(kEndStream);
    upkeep_.Earn(kUpkeepPerStream);
  }
  block_stream_ = id;
  block_bytes_ = 0;
  block_begun_ = frame_begun_;
  return AddToHeaderBlock(now);
}

Status FrameGuard::AddToHeaderBlock(TimePoint now) {
  block_bytes_ += kFrameHeaderBytes + client_.length();
  if (block_bytes_ > limits_.header_block_bytes) {
    return Throttled("a header block is too large", kComeBackIn);
  }
  if (!client_.Flag(kEndHeaders)) return OkStatus();
  return SpendNoise("large header blocks", now,
                    block_bytes_ / kFreeHeaderBytes);
}

Status FrameGuard::BeginControl(TimePoint now) {
  switch (client_.type()) {
    case kWindowUpdate:
      window_update_ = 0;
      return Spend(upkeep_, "WINDOW_UPDATEs", now);
    case kSettings:
      if (client_.stream() != 0 || client_.length() % 6 != 0 ||
          client_.length() > kMaxSettingsBytes ||
          (client_.Flag(kAck) && client_.length() != 0)) {
        return Invalid("SETTINGS are malformed");
      }
      return SpendNoise("SETTINGS", now);
    case kPing:
      if (client_.stream() != 0) return Invalid("PING is on a stream");
      // gRPC for Go measures with one for each DATA that it gets.
      return Spend(upkeep_, "PINGs", now);
    case kRstStream:
      if (client_.stream() == 0 || client_.stream() > last_stream_) {
        return Invalid("RST_STREAM is on no stream");
      }
      End(client_.stream(), now);
      return SpendNoise("RST_STREAMs", now, kResetCost);
    case kPriority:
      return SpendNoise("PRIORITY frames", now);
    case kGoaway:
      if (client_.length() > kMaxGoawayBytes) {
        return Invalid("GOAWAY is too large");
      }
      return SpendNoise("GOAWAYs", now);
    case kPushPromise:
      return Invalid("a client pushes");
    default:
      return SpendNoise("unknown frames", now);
  }
}

Status FrameGuard::Spend(Allowance& from, std::string_view what, TimePoint now,
                         std::uint32_t count) {
  if (from.Spend(count, now)) return OkStatus();
  return Throttled("too many " + std::string(what), kComeBackIn);
}

Status FrameGuard::TakePayload(std::string_view piece) {
  if (client_.type() == kData) {
    Stream* const stream = Find(client_.stream());
    return stream == nullptr ? OkStatus() : TakeData(*stream, piece);
  }
  if (client_.type() == kWindowUpdate) {
    for (const char byte : piece) {
      window_update_ = window_update_ << 8 | static_cast<unsigned char>(byte);
    }
  }
  return OkStatus();
}

// A message is a byte that says whether it is compressed, four for its size,
// and itself.
Status FrameGuard::TakeData(Stream& stream, std::string_view piece) const {
  while (!piece.empty()) {
    if (stream.prefix_size < stream.prefix.size()) {
      stream.prefix[stream.prefix_size++] =
          static_cast<unsigned char>(piece.front());
      piece.remove_prefix(1);
      if (stream.prefix_size < stream.prefix.size()) continue;
      if (stream.prefix[0] > 1) return Invalid("DATA is no gRPC message");
      for (std::size_t i = 1; i < stream.prefix.size(); ++i) {
        stream.message_left = stream.message_left << 8 | stream.prefix[i];
      }
      if (stream.message_left > limits_.message_bytes) {
        return Throttled("a message is too large", kComeBackIn);
      }
    }
    const std::size_t count =
        std::min<std::size_t>(piece.size(), stream.message_left);
    piece.remove_prefix(count);
    stream.message_left -= static_cast<std::uint32_t>(count);
    if (stream.message_left == 0) stream.prefix_size = 0;
  }
  return OkStatus();
}

Status FrameGuard::EndClientFrame() {
  switch (client_.type()) {
    case kData: {
      Stream* const stream = Find(client_.stream());
      if (stream != nullptr && client_.Flag(kEndStream)) {
        stream->request_ended = true;
      }
      return OkStatus();
    }
    case kHeaders:
    case kContinuation:
      if (client_.Flag(kEndHeaders)) block_stream_ = 0;
      return OkStatus();
    case kWindowUpdate:
      // The answer is RST_STREAM, which costs more than to ask for it.
      if ((window_update_ & 0x7fffffff) == 0) {
        return Invalid("a WINDOW_UPDATE of nothing");
      }
      return OkStatus();
    case kSettings:
      settled_ = true;
      return OkStatus();
    default:
      return OkStatus();
  }
}

Status FrameGuard::FromServer(std::string_view bytes, TimePoint now) {
  while (!bytes.empty()) {
    if (!server_.HeaderComplete()) {
      server_.TakeHeader(bytes);
      if (!server_.HeaderComplete()) break;
      if (Status begun = BeginServerFrame(now); !begun.ok()) return begun;
    }
    const std::size_t count =
        std::min<std::size_t>(bytes.size(), server_.payload_left);
    bytes.remove_prefix(count);
    server_.payload_left -= static_cast<std::uint32_t>(count);
    if (server_.payload_left > 0) break;
    server_.header_size = 0;
  }
  return OkStatus();
}

Status FrameGuard::BeginServerFrame(TimePoint now) {
  switch (server_.type()) {
    case kData:
      upkeep_.Earn(kUpkeepPerData);
      [[fallthrough]];
    case kHeaders:
      if (server_.Flag(kEndStream)) End(server_.stream(), now);
      return OkStatus();
    case kRstStream: {
      // A call that the client has given up by itself is paid for.
      const bool live = Find(server_.stream()) != nullptr;
      End(server_.stream(), now);
      if (!live) return OkStatus();
      return SpendNoise("calls that the agent has to reset", now, kResetCost);
    }
    default:
      return OkStatus();
  }
}

FrameGuard::Stream* FrameGuard::Find(std::uint32_t id) {
  const auto found =
      std::find_if(streams_.begin(), streams_.end(),
                   [id](const Stream& stream) { return stream.id == id; });
  return found == streams_.end() ? nullptr : &*found;
}

void FrameGuard::End(std::uint32_t id, TimePoint now) {
  std::erase_if(streams_,
                [id](const Stream& stream) { return stream.id == id; });
  if (streams_.empty()) idle_since_ = now;
}

// The beginning of the oldest thing of the client's that has not ended.
std::optional<TimePoint> FrameGuard::TransferBegun() const {
  std::optional<TimePoint> oldest;
  const auto consider = [&oldest](TimePoint begun) {
    if (!oldest.has_value() || begun < *oldest) oldest = begun;
  };
  if (!client_.AtBoundary()) consider(frame_begun_);
  if (block_stream_ != 0) consider(block_begun_);
  for (const Stream& stream : streams_) {
    if (stream.request_ended) continue;
    consider(stream.begun);
    break;
  }
  return oldest;
}

TimePoint FrameGuard::NextDeadline() const {
  if (!settled_) return begun_ + limits_.handshake;
  const auto transfer = TransferBegun();
  if (transfer.has_value()) return *transfer + limits_.transfer;
  if (streams_.empty()) return idle_since_ + limits_.idle;
  return TimePoint::max();
}

Status FrameGuard::CheckTime(TimePoint now) const {
  if (!settled_ && now >= begun_ + limits_.handshake) {
    return TooSlow("no HTTP/2 preface and SETTINGS in time");
  }
  const auto transfer = TransferBegun();
  if (transfer.has_value() && now >= *transfer + limits_.transfer) {
    return TooSlow("a frame or a request has not ended in time");
  }
  return OkStatus();
}

bool FrameGuard::Idle(TimePoint now) const {
  return settled_ && streams_.empty() && !TransferBegun().has_value() &&
         now >= idle_since_ + limits_.idle;
}

bool FrameGuard::CanGo(TimePoint now) const {
  if (!settled_) return now >= begun_ + limits_.silent_patience;
  return streams_.empty() && !TransferBegun().has_value() &&
         now >= idle_since_ + limits_.idle_patience;
}

}  // namespace libretto
