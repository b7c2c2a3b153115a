// GrpcConnections: the connections that are served, with what they share. It
// listens on nothing: it serves what it is given.
//
// Loop thread only.
#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "agent/grpc/grpc_connection.h"

namespace libretto {

class GrpcConnections {
 public:
  // A caller was cut off, and why; not called for one that was idle or left.
  using Cut = std::function<void(const Caller&, const Status& why)>;
  using ProcessOf = std::function<CallerProcess(int connection, pid_t pid)>;

  // `io`, `loop` and `clock` outlive this.
  GrpcConnections(asio::io_context& io, Executor& loop, const Clock& clock,
                  const ConnectionLimits& limits, ProcessOf process_of,
                  Cut cut);
  ~GrpcConnections();
  GrpcConnections(const GrpcConnections&) = delete;
  GrpcConnections& operator=(const GrpcConnections&) = delete;

  // Serves a connection that nothing has been read from. `methods` outlives
  // this.
  void Adopt(UniqueFd socket, const Caller& caller, const GrpcMethods& methods);

  // See ConnectionHost.
  std::size_t Count(ScopeId scope) const;
  bool MakeRoom(ScopeId scope);
  void HangUp(ScopeId scope);

  // Says that no new calls are taken, gives those in flight until `grace` is
  // over to be answered, then cancels them; `done` runs when the last handler
  // has finished and nothing is connected. What calls are handled with outlives
  // that.
  void Shutdown(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  // Those that came through one socket.
  struct Group {
    std::shared_ptr<CallRoom::Use> use;  // null for the main one
    // In the order of their beginnings.
    std::map<std::uint64_t, std::shared_ptr<GrpcConnection>> members;
  };

  void NoteEnded(ScopeId scope, std::uint64_t id);
  void CheckDone();

  CallRoom room_{[this] { CheckDone(); }};
  GrpcContext context_;
  asio::steady_timer grace_;
  std::uint64_t ids_ = 0;
  std::map<ScopeId, Group> groups_;  // none is empty
  std::function<void()> done_;       // while it shuts down
};

}  // namespace libretto
