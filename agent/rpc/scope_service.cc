#include "agent/rpc/scope_service.h"

#include <utility>

namespace libretto {
namespace {

namespace pb = agent::v1;
using CallPtr = std::unique_ptr<Call>;

ScopeRequest ToRequest(const pb::CreateScopeRequest& message,
                       const Caller& caller) {
  ScopeRequest request;
  request.name = message.name();
  request.value_names.assign(message.value_names().begin(),
                             message.value_names().end());
  request.code_names.assign(message.code_names().begin(),
                            message.code_names().end());
  request.use_only = message.use_only();
  if (message.ttl_s() != 0) {
    request.ttl = std::chrono::seconds(message.ttl_s());
  }
  if (message.ends_with_caller()) request.until_ends = caller.pid;
  if (message.has_guest_uid()) request.guest_uid = message.guest_uid();
  request.acts_as = FromProto(message.context());
  return request;
}

}  // namespace

void ScopeService::RegisterWith(GrpcMethods& methods) {
  const std::string path = "/libretto.agent.v1.Scopes/";
  AddUnary(methods, path + "Create", *this, &ScopeService::Create);
  AddUnary(methods, path + "List", *this, &ScopeService::List);
  AddUnary(methods, path + "Revoke", *this, &ScopeService::Revoke);
}

void ScopeService::Create(ExchangePtr exchange,
                          const pb::CreateScopeRequest* request,
                          pb::CreateScopeResponse* response) {
  ServeUnary(context_, std::move(exchange), "Scopes.Create", "", request,
             Needs::kNothing,
             [this, request, response](Profile&, CallPtr call) {
               if (request->ends_with_caller() && call->caller().pid <= 0) {
                 return call->Finish(Denied(
                     "the agent cannot see the process that asks: it is in "
                     "another container"));
               }
               const StatusOr<const Scope*> scope =
                   context_.scopes.Create(ToRequest(*request, call->caller()));
               if (scope.ok()) Fill(**scope, response->mutable_scope());
               call->Finish(scope.status());
             });
}

void ScopeService::List(ExchangePtr exchange,
                        const pb::ListScopesRequest* request,
                        pb::ListScopesResponse* response) {
  ServeUnary(context_, std::move(exchange), "Scopes.List", "", request,
             Needs::kNothing, [this, response](Profile&, CallPtr call) {
               for (const Scope* const scope : context_.scopes.List()) {
                 Fill(*scope, response->add_scopes());
               }
               call->Finish(OkStatus());
             });
}

void ScopeService::Revoke(ExchangePtr exchange,
                          const pb::RevokeScopeRequest* request,
                          pb::RevokeScopeResponse* response) {
  ServeUnary(context_, std::move(exchange), "Scopes.Revoke", "", request,
             Needs::kNothing,
             [this, request, response](Profile&, CallPtr call) {
               response->set_name(request->name());
               call->Finish(context_.scopes.Revoke(request->name()));
             });
}

void ScopeService::Fill(const Scope& scope, pb::Scope* message) const {
  const ScopeRequest& request = scope.request();
  message->set_name(scope.name());
  message->set_socket(context_.scopes.SocketOf(scope));
  for (const std::string& name : request.value_names) {
    message->add_value_names(name);
  }
  for (const std::string& name : request.code_names) {
    message->add_code_names(name);
  }
  message->set_use_only(request.use_only);
  if (scope.expires().has_value()) {
    const auto left = std::chrono::duration_cast<WallTime::duration>(
        *scope.expires() - clock_.Now());
    message->set_expires_unix_s(
        std::chrono::system_clock::to_time_t(clock_.WallNow() + left));
  }
  message->set_pid(request.until_ends);
  if (request.guest_uid.has_value()) {
    message->set_guest_uid(*request.guest_uid);
  }
  message->set_profile(request.acts_as.profile.empty()
                           ? Profiles::kDefault
                           : request.acts_as.profile);
  message->set_connections(
      static_cast<std::int64_t>(context_.scopes.Connections(scope)));
}

}  // namespace libretto
