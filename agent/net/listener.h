// Listener: accepts connections on one of the agent's sockets, asks the kernel
// who is calling, and closes the door on any other user before a byte is read.
// What passes is its host's. At the limit on connections the host is asked to
// make room for who is waiting; where it cannot, accepting pauses.
//
// Loop thread only.
#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/caller.h"
#include "agent/core/connection_host.h"
#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

struct SocketConfig {
  std::string path;
  std::size_t max_connections = 256;
  ScopeId scope = 0;  // whose socket it is
  // One more user who may connect; then the socket's mode is 0666, and what
  // keeps others away is the directory's.
  std::optional<uid_t> guest_uid = {};
};

class Listener {
 public:
  // A connection of another user, which is closed after that.
  using Refused = std::function<void(int connection, const Caller&)>;

  // Makes the socket (0600, in a directory that is ours alone, 0700 when it is
  // made here) and listens. A stale socket is replaced; Conflict() when
  // somebody is listening there.
  static StatusOr<std::unique_ptr<Listener>> Open(asio::io_context& context,
                                                  SocketConfig config,
                                                  ConnectionHost& host,
                                                  Refused refused);

  // The same on a socket that listens at `config.path` already and is somebody
  // else's to remove: systemd's. Its folder has to be ours alone, too.
  static StatusOr<std::unique_ptr<Listener>> TakeOver(asio::io_context& context,
                                                      SocketConfig config,
                                                      UniqueFd listening,
                                                      ConnectionHost& host,
                                                      Refused refused);

  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Accepts no more and removes the socket, if it is still ours.
  void Close();

 private:
  Listener(asio::io_context& context, SocketConfig config, UniqueFd directory,
           UniqueFd socket, ConnectionHost& host, Refused refused);

  void WaitForConnection();
  void AcceptAll();
  bool IsFull();
  void Pause(std::chrono::milliseconds wait);
  void Admit(UniqueFd connection);

  const SocketConfig config_;
  UniqueFd directory_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer pause_;
  ino_t inode_ = 0;
  ConnectionHost& host_;
  Refused refused_;
  const std::size_t limit_;
};

}  // namespace libretto
