// A host that keeps what it is given. Not thread-safe.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <utility>
#include <vector>

#include "agent/core/connection_host.h"

namespace libretto::testing {

class FakeHost final : public ConnectionHost {
 public:
  void Adopt(UniqueFd connection, const Caller& caller) override {
    adopted.push_back(std::move(connection));
    callers.push_back(caller);
  }
  std::size_t Connections(ScopeId scope) const override {
    std::size_t count = 0;
    for (std::size_t i = 0; i < adopted.size(); ++i) {
      if (adopted[i].valid() && callers[i].scope == scope) ++count;
    }
    return count;
  }
  bool MakeRoom(ScopeId /*scope*/) override {
    ++asked_for_room;
    return make_room && make_room();
  }
  void HangUp(ScopeId scope) override {
    for (std::size_t i = 0; i < adopted.size(); ++i) {
      if (callers[i].scope == scope) adopted[i].Reset();
    }
  }

  std::vector<UniqueFd> adopted;  // invalid: ended
  std::vector<Caller> callers;
  std::function<bool()> make_room;
  int asked_for_room = 0;
};

}  // namespace libretto::testing
