#include "client/transport/agent_call.h"
#include "libretto/agent/v1/scopes.pb.h"

namespace libretto {
namespace {

Scope ToScope(const agent::v1::Scope& message) {
  Scope scope;
  scope.name = message.name();
  scope.socket = message.socket();
  scope.value_names.assign(message.value_names().begin(),
                           message.value_names().end());
  scope.code_names.assign(message.code_names().begin(),
                          message.code_names().end());
  scope.use_only = message.use_only();
  scope.expires_unix_s = message.expires_unix_s();
  scope.pid = message.pid();
  if (message.has_guest_uid()) scope.guest_uid = message.guest_uid();
  scope.profile = message.profile();
  scope.connections = message.connections();
  return scope;
}

}  // namespace

StatusOr<Scope> AgentClient::CreateScope(const ScopeWish& wish) {
  agent::v1::CreateScopeRequest request;
  request.set_name(wish.name);
  for (const std::string& name : wish.value_names) {
    request.add_value_names(name);
  }
  for (const std::string& name : wish.code_names) request.add_code_names(name);
  request.set_use_only(wish.use_only);
  request.set_ttl_s(wish.ttl.count());
  if (wish.guest_uid.has_value()) request.set_guest_uid(*wish.guest_uid);
  const auto reply = Ask<agent::v1::CreateScopeResponse>(
      "/libretto.agent.v1.Scopes/Create", std::move(request), kLocalLimit);
  if (!reply.ok()) return reply.status();
  return ToScope(reply->scope());
}

StatusOr<std::vector<Scope>> AgentClient::ListScopes() {
  const auto reply = Ask<agent::v1::ListScopesResponse>(
      "/libretto.agent.v1.Scopes/List", agent::v1::ListScopesRequest(),
      kLocalLimit);
  if (!reply.ok()) return reply.status();
  std::vector<Scope> scopes;
  for (const auto& message : reply->scopes()) {
    scopes.push_back(ToScope(message));
  }
  return scopes;
}

StatusOr<std::string> AgentClient::RevokeScope(const std::string& name) {
  agent::v1::RevokeScopeRequest request;
  request.set_name(name);
  const auto reply = Ask<agent::v1::RevokeScopeResponse>(
      "/libretto.agent.v1.Scopes/Revoke", std::move(request), kLocalLimit);
  if (!reply.ok()) return reply.status();
  return reply->name();
}

}  // namespace libretto
