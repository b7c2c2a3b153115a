// FrameRelay: stands between callers and gRPC where the callers are not to be
// trusted with gRPC itself. Each connection gets a pair of sockets: gRPC serves
// one end, the relay carries bytes between the other and the caller, and cuts
// the connection when FrameGuard says so or when one side does not take what is
// meant for it. docs/adr/0008-the-frame-guard.md says for which socket and why.
//
// What it holds of a connection is bounded (one buffer for each direction;
// while that is full it does not read) and wiped as soon as it is passed on.
//
// Loop thread only.
#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "agent/core/caller.h"
#include "agent/net/frame_guard.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

class FrameRelay {
 public:
  // A caller was cut off, and why; not called for one that was idle or left.
  using Cut = std::function<void(const Caller&, const Status& why)>;

  // `context` and `clock` outlive the relay.
  FrameRelay(asio::io_context& context, const Clock& clock,
             const FrameLimits& limits, Cut cut);
  ~FrameRelay();
  FrameRelay(const FrameRelay&) = delete;
  FrameRelay& operator=(const FrameRelay&) = delete;

  // Takes a connection that nothing has been read from; returns the end that
  // gRPC is to serve, which is closed when the caller is cut off. An error
  // when descriptors have run out; the connection is closed then.
  StatusOr<UniqueFd> Interpose(UniqueFd caller_end, const Caller& caller);

  // Says goodbye on the connection whose caller's end is `fd`, unless a call is
  // in flight on it, or half a frame; false then. For Listener::MakeRoomBy().
  bool EndIdle(int fd);

  std::size_t connections() const { return connections_.size(); }

 private:
  struct Pipe;
  struct Connection;

  Connection* Find(std::uint64_t id);
  void Read(std::uint64_t id, bool from_client);
  void Judge(std::uint64_t id, bool from_client, std::size_t count);
  void Write(std::uint64_t id, bool from_client);
  void Rearm(std::uint64_t id);
  void OnTimer(std::uint64_t id);
  void CutOff(std::uint64_t id, const Status& why);
  void End(std::uint64_t id);

  asio::io_context& context_;
  const Clock& clock_;
  const FrameLimits limits_;
  Cut cut_;
  std::uint64_t ids_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
};

}  // namespace libretto
