// Listener: accepts connections on one of the agent's sockets, asks the kernel
// who is calling, and closes the door on any other user before a byte is
// parsed. What passes, and has sent HTTP/2's preface in time, is handed over as
// a descriptor.
//
// A descriptor that was handed over is owned by somebody else, who does not say
// when it is closed; the kernel's socket cookie tells whether the descriptor is
// still that connection. At the limit on connections those that do nothing make
// room for who is waiting; where none does, accepting pauses.
//
// Loop thread only.
#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/caller.h"
#include "agent/net/caller_process.h"
#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

struct SocketConfig {
  std::string path;
  std::size_t max_connections = 256;
  std::chrono::milliseconds preface_timeout{3000};
  ScopeId scope = 0;  // whose socket it is
  // One more user who may connect; then the socket's mode is 0666, and what
  // keeps others away is the directory's.
  std::optional<uid_t> guest_uid = {};
  // false: what passes is handed over without waiting for a preface.
  bool speaks_http2 = true;
  ExecutableOf executable_of = {};
};

class Listener {
 public:
  using Handoff = std::function<void(UniqueFd, Caller)>;
  // A connection of another user was closed.
  using Refused = std::function<void(Caller)>;

  // Ends the connection that was handed over as `fd`, unless a call is in
  // flight on it; false then.
  using EndIdle = std::function<bool(int fd)>;

  // Makes the socket (0600, in a directory that is ours alone, 0700 when it is
  // made here) and listens. A stale socket is replaced; Conflict() when
  // somebody is listening there.
  static StatusOr<std::unique_ptr<Listener>> Open(asio::io_context& context,
                                                  SocketConfig config,
                                                  Handoff handoff,
                                                  Refused refused);

  // The same on a socket that listens at `config.path` already and is somebody
  // else's to remove: systemd's. Its folder has to be ours alone, too.
  static StatusOr<std::unique_ptr<Listener>> TakeOver(asio::io_context& context,
                                                      SocketConfig config,
                                                      UniqueFd listening,
                                                      Handoff handoff,
                                                      Refused refused);

  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Without it only connections without a preface make room.
  void MakeRoomBy(EndIdle end_idle) { end_idle_ = std::move(end_idle); }

  // Accepts no more and removes the socket, if it is still ours.
  void Close();

  // Connections that are open, those without a preface included.
  std::size_t connections();

  // Ends every connection that was handed over. It is for who owns them to
  // notice; where that happens on another thread, a descriptor may be closed
  // and used anew between the look and the deed.
  void HangUp();

 private:
  struct Waiting;  // accepted, its preface not here yet
  struct Adopted {
    int fd;
    std::uint64_t cookie;
    std::chrono::steady_clock::time_point since;
  };

  Listener(asio::io_context& context, SocketConfig config, UniqueFd directory,
           UniqueFd socket, Handoff handoff, Refused refused);

  void WaitForConnection();
  void AcceptAll();
  bool MakeRoom();
  void Pause(std::chrono::milliseconds wait);
  void Admit(UniqueFd connection);
  void HandOver(UniqueFd connection, Caller caller);
  void AwaitPreface(std::uint64_t id);
  void CheckPreface(std::uint64_t id);

  asio::io_context& context_;
  const SocketConfig config_;
  UniqueFd directory_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer pause_;
  ino_t inode_ = 0;
  Handoff handoff_;
  Refused refused_;
  EndIdle end_idle_ = [](int) { return false; };
  std::size_t limit_;
  std::uint64_t waiting_ids_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Waiting>> waiting_;
  std::vector<Adopted> adopted_;
};

}  // namespace libretto
