// ScopeListeners: the sockets of scopes, in a folder of their own beside the
// main socket, and the processes that scopes end with. A socket's name is
// random: who has the path of one that is gone never reaches another.
//
// Loop thread only.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/scopes.h"
#include "agent/net/listener.h"
#include "agent/net/loop.h"

namespace libretto {

class ScopeListeners final : public ScopeSockets {
 public:
  static constexpr std::size_t kMaxConnections = 16;  // to one scope

  ScopeListeners(Loop& loop, const std::string& main_socket,
                 ConnectionHost& host, Listener::Refused refused,
                 std::function<void(ScopeId)> process_ended);
  ~ScopeListeners() override;
  ScopeListeners(const ScopeListeners&) = delete;
  ScopeListeners& operator=(const ScopeListeners&) = delete;

  StatusOr<std::string> Open(ScopeId id, std::optional<uid_t> guest_uid,
                             pid_t until_ends) override;
  void Close(ScopeId id) override;
  void HangUp(ScopeId id) override;
  std::size_t Connections(ScopeId id) const override;

  // Removes the sockets that an agent has left behind which was killed.
  void Sweep() const;

 private:
  struct Served {
    std::unique_ptr<Listener> listener;
    std::unique_ptr<asio::posix::stream_descriptor> process;
  };

  Status WatchProcess(ScopeId id, pid_t process, Served& served);
  void AwaitEnd(ScopeId id, asio::posix::stream_descriptor& process);

  Loop& loop_;
  const std::string folder_;
  ConnectionHost& host_;
  const Listener::Refused refused_;
  const std::function<void(ScopeId)> process_ended_;
  std::map<ScopeId, Served> served_;
};

}  // namespace libretto
