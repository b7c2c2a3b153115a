// Sockets of scopes that exist in memory alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/core/scopes.h"

namespace libretto::testing {

class FakeScopeSockets final : public ScopeSockets {
 public:
  StatusOr<std::string> Open(ScopeId id, std::optional<uid_t> guest_uid,
                             pid_t until_ends) override {
    if (!fail.ok()) return fail;
    open[id] = until_ends;
    guests[id] = guest_uid;
    return "/run/scopes/" + std::to_string(id) + ".scope";
  }
  void Close(ScopeId id) override {
    open.erase(id);
    closed.insert(id);
  }
  void HangUp(ScopeId id) override {
    closed.erase(id);
    hung_up.insert(id);
  }
  std::size_t Connections(ScopeId /*id*/) const override { return 0; }

  Status fail;
  std::map<ScopeId, pid_t> open;
  std::map<ScopeId, std::optional<uid_t>> guests;
  std::set<ScopeId> closed;  // and not hung up yet
  std::set<ScopeId> hung_up;
};

}  // namespace libretto::testing
