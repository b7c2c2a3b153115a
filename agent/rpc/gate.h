// The one gate for who comes through a scope's socket. It stands before
// everything else that a call needs, the session among it: a caller without
// rights hears the same, whether anybody is logged in or not.
//
// Every method of the API has a row in the table; one that says nothing else is
// not for scopes. A method that is for scopes also has a CheckRequest().
//
// Loop thread only, but for MethodRules().
#pragma once

#include <span>
#include <string_view>

#include "agent/core/scopes.h"
#include "libretto/agent/v1/credentials.pb.h"

namespace libretto {

struct MethodRule {
  std::string_view method;  // "Service.Method"
  bool for_scopes = false;
};

// Immutable.
std::span<const MethodRule> MethodRules();

// The caller's scope, null for the main socket. Denied() when the scope has
// ended or `method` is not for scopes.
StatusOr<const Scope*> ScopeOf(const Scopes& scopes, const Caller& caller,
                               std::string_view method);

// What the scope says to this very request.
Status CheckRequest(const Scope& scope,
                    const agent::v1::ExplainRequest& request);
Status CheckRequest(const Scope& scope, const agent::v1::GetRequest& request);
Status CheckRequest(const Scope& scope, const agent::v1::ListRequest& request);
Status CheckRequest(const Scope& scope, const agent::v1::WatchRequest& request);
Status NotForScopes();
template <typename Request>
Status CheckRequest(const Scope& /*scope*/, const Request& /*request*/) {
  return NotForScopes();
}

template <typename Request>
StatusOr<const Scope*> PassGate(const Scopes& scopes, const Caller& caller,
                                std::string_view method,
                                const Request& request) {
  StatusOr<const Scope*> scope = ScopeOf(scopes, caller, method);
  if (!scope.ok() || *scope == nullptr) return scope;
  Status allowed = CheckRequest(**scope, request);
  if (!allowed.ok()) return allowed;
  return scope;
}

}  // namespace libretto
