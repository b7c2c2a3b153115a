// Who serves the connections that a listener accepts. Loop thread only.
#pragma once

#include <cstddef>

#include "agent/core/caller.h"
#include "base/unique_fd.h"

namespace libretto {

class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;

  // Takes over a connection that nothing has been read from.
  virtual void Adopt(UniqueFd connection, const Caller& caller) = 0;

  // How many are open that came through the scope's socket; 0: the main one.
  virtual std::size_t Connections(ScopeId scope) const = 0;

  // Ends one of them that does nothing, because somebody else waits; false when
  // there is none.
  virtual bool MakeRoom(ScopeId scope) = 0;

  // Ends all of them.
  virtual void HangUp(ScopeId scope) = 0;
};

}  // namespace libretto
