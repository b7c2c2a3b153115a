#include "agent/net/frame_relay.h"

#include <sys/socket.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace libretto {
namespace {

// One full frame. What does not fit waits in the kernel.
constexpr std::size_t kBufferBytes = 16'384 + 9;
// A timer does not count suspended time: never trust it for longer.
constexpr std::chrono::seconds kMaxSleep{15};

// RFC 9113, 7.
constexpr std::uint32_t kNoError = 0x0;
constexpr std::uint32_t kProtocolError = 0x1;
constexpr std::uint32_t kEnhanceYourCalm = 0xb;

void AppendNumber(std::string& out, std::uint32_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) {
    out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
  }
}

// RFC 9113, 6.8. `why` is for the people at the other end; gRPC's clients
// show it.
std::string Goaway(std::uint32_t last_stream, std::uint32_t error,
                   std::string_view why) {
  std::string frame;
  AppendNumber(frame, static_cast<std::uint32_t>(8 + why.size()), 3);
  AppendNumber(frame, 0x07, 1);  // type
  AppendNumber(frame, 0, 1);     // flags
  AppendNumber(frame, 0, 4);     // of the connection
  AppendNumber(frame, last_stream, 4);
  AppendNumber(frame, error, 4);
  frame += why;
  return frame;
}

ssize_t SendNow(int fd, const char* bytes, std::size_t size) {
  return send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

// One direction.
struct FrameRelay::Pipe {
  Pipe(asio::posix::stream_descriptor& read_from,
       asio::posix::stream_descriptor& write_to)
      : from(read_from), to(write_to), bytes(new char[kBufferBytes]) {}
  ~Pipe() { Wipe(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  std::string_view Pending() const {
    return {bytes.get() + begin, end - begin};
  }
  void Wipe() {
    explicit_bzero(bytes.get(), end);
    begin = end = 0;
  }

  asio::posix::stream_descriptor& from;
  asio::posix::stream_descriptor& to;
  std::unique_ptr<char[]> bytes;
  std::size_t begin = 0;
  std::size_t end = 0;
  // Since when the other side has taken nothing of what is pending.
  std::optional<TimePoint> stalled;
};

struct FrameRelay::Connection {
  Connection(asio::io_context& context, UniqueFd caller_end, UniqueFd relay_end,
             const Caller& who, const FrameLimits& limits, TimePoint now)
      : client(context, caller_end.Release()),
        server(context, relay_end.Release()),
        timer(context),
        caller(who),
        guard(limits, now) {}

  Pipe& pipe(bool from_client) { return from_client ? to_server : to_client; }

  asio::posix::stream_descriptor client;
  asio::posix::stream_descriptor server;
  asio::steady_timer timer;
  std::optional<TimePoint> armed_for;
  const Caller caller;
  FrameGuard guard;
  Pipe to_server{client, server};
  Pipe to_client{server, client};
};

FrameRelay::FrameRelay(asio::io_context& context, const Clock& clock,
                       const FrameLimits& limits, Cut cut)
    : context_(context), clock_(clock), limits_(limits), cut_(std::move(cut)) {}

FrameRelay::~FrameRelay() = default;

StatusOr<UniqueFd> FrameRelay::Interpose(UniqueFd caller_end,
                                         const Caller& caller) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                 ends) != 0) {
    return FromErrno(errno, "cannot make a pair of sockets");
  }
  UniqueFd relay_end(ends[0]);
  UniqueFd server_end(ends[1]);
  const std::uint64_t id = ++ids_;
  connections_[id] = std::make_unique<Connection>(
      context_, std::move(caller_end), std::move(relay_end), caller, limits_,
      clock_.Now());
  Read(id, true);
  Read(id, false);
  Rearm(id);
  return server_end;
}

bool FrameRelay::EndIdle(int fd) {
  const auto found = std::find_if(
      connections_.begin(), connections_.end(), [fd](const auto& entry) {
        return entry.second->client.native_handle() == fd;
      });
  if (found == connections_.end() ||
      !found->second->guard.Idle(TimePoint::max())) {
    return false;
  }
  CutOff(found->first, OkStatus());
  return true;
}

FrameRelay::Connection* FrameRelay::Find(std::uint64_t id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void FrameRelay::Read(std::uint64_t id, bool from_client) {
  Pipe& pipe = Find(id)->pipe(from_client);
  pipe.from.async_read_some(
      asio::buffer(pipe.bytes.get(), kBufferBytes),
      [this, id, from_client](const asio::error_code& error,
                              std::size_t count) {
        // Cancelled: the connection, or the relay itself, is gone.
        if (error == asio::error::operation_aborted) return;
        if (Find(id) == nullptr) return;
        // Nothing is pending while there is reading, so nothing is lost.
        if (error) return End(id);
        Judge(id, from_client, count);
      });
}

void FrameRelay::Judge(std::uint64_t id, bool from_client, std::size_t count) {
  Connection& connection = *Find(id);
  Pipe& pipe = connection.pipe(from_client);
  pipe.begin = 0;
  pipe.end = count;
  const TimePoint now = clock_.Now();
  const Status verdict = from_client
                             ? connection.guard.FromClient(pipe.Pending(), now)
                             : connection.guard.FromServer(pipe.Pending(), now);
  if (!verdict.ok()) return CutOff(id, verdict);
  Write(id, from_client);
}

void FrameRelay::Write(std::uint64_t id, bool from_client) {
  Pipe& pipe = Find(id)->pipe(from_client);
  while (pipe.begin < pipe.end) {
    const ssize_t count = SendNow(pipe.to.native_handle(),
                                  pipe.Pending().data(), pipe.Pending().size());
    if (count >= 0) {
      pipe.begin += static_cast<std::size_t>(count);
      pipe.stalled.reset();
    } else if (errno == EAGAIN) {
      if (!pipe.stalled.has_value()) pipe.stalled = clock_.Now();
      pipe.to.async_wait(
          asio::posix::stream_descriptor::wait_write,
          [this, id, from_client](const asio::error_code& error) {
            if (error == asio::error::operation_aborted) return;
            if (Find(id) != nullptr) Write(id, from_client);
          });
      return Rearm(id);
    } else if (errno != EINTR) {
      return End(id);
    }
  }
  pipe.Wipe();
  Read(id, from_client);
  Rearm(id);
}

// The timer is set anew only when something is due before it: a call that
// comes and goes whole sets none.
void FrameRelay::Rearm(std::uint64_t id) {
  Connection& connection = *Find(id);
  TimePoint next = connection.guard.NextDeadline();
  for (const bool from_client : {true, false}) {
    const auto& stalled = connection.pipe(from_client).stalled;
    if (stalled.has_value()) next = std::min(next, *stalled + limits_.transfer);
  }
  if (next == TimePoint::max()) return;
  const TimePoint now = clock_.Now();
  next = std::min<TimePoint>(next, now + kMaxSleep);
  if (connection.armed_for.has_value() && *connection.armed_for <= next) return;
  connection.armed_for = next;
  connection.timer.expires_after(
      std::max<std::chrono::nanoseconds>(next - now, {}));
  connection.timer.async_wait([this, id](const asio::error_code& error) {
    if (error || Find(id) == nullptr) return;
    OnTimer(id);
  });
}

void FrameRelay::OnTimer(std::uint64_t id) {
  Connection& connection = *Find(id);
  connection.armed_for.reset();
  const TimePoint now = clock_.Now();
  for (const bool from_client : {true, false}) {
    const auto& stalled = connection.pipe(from_client).stalled;
    if (stalled.has_value() && now >= *stalled + limits_.transfer) {
      return CutOff(id,
                    TooSlow(from_client ? "the agent does not take what is sent"
                                        : "answers are not read"));
    }
  }
  if (Status late = connection.guard.CheckTime(now); !late.ok()) {
    return CutOff(id, late);
  }
  if (connection.guard.Idle(now)) return CutOff(id, OkStatus());
  Rearm(id);
}

// `why` is OK for a connection without calls, which is no offence.
void FrameRelay::CutOff(std::uint64_t id, const Status& why) {
  Connection& connection = *Find(id);
  if (connection.guard.BetweenServerFrames() &&
      connection.to_client.Pending().empty()) {
    const std::uint32_t error = why.ok() ? kNoError
                                : why.code() == StatusCode::kInvalidArgument
                                    ? kProtocolError
                                    : kEnhanceYourCalm;
    const std::string goodbye =
        Goaway(connection.guard.last_stream(), error,
               why.ok() ? "no call for too long" : Message(why));
    // A courtesy: who does not read does not get it.
    (void)SendNow(connection.client.native_handle(), goodbye.data(),
                  goodbye.size());
  }
  const Caller caller = connection.caller;
  End(id);
  if (!why.ok()) cut_(caller, why);
}

void FrameRelay::End(std::uint64_t id) { connections_.erase(id); }

}  // namespace libretto
