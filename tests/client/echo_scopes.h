// The Scopes service of echo_agent: sockets by name that nobody listens on. Any
// thread (guarded).
#pragma once

#include <map>
#include <mutex>
#include <string>

#include <grpcpp/grpcpp.h>

#include "libretto/agent/v1/scopes.grpc.pb.h"

namespace libretto::testing {

class Scopes final : public agent::v1::Scopes::Service {
 public:
  grpc::Status Create(grpc::ServerContext* context,
                      const agent::v1::CreateScopeRequest* request,
                      agent::v1::CreateScopeResponse* reply) override {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : request->value_names()) {
      if (name == "crowded") {
        return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many scopes"};
      }
      if (name == "scoped") {
        context->AddTrailingMetadata("libretto-reason", "scope");
        return {grpc::StatusCode::PERMISSION_DENIED, "this is a scope"};
      }
    }
    agent::v1::Scope& scope = *reply->mutable_scope();
    scope.set_name(request->name().empty() ? "run-1" : request->name());
    std::string names;
    for (const std::string& name : request->value_names()) {
      names += "+" + name;
      scope.add_value_names(name);
    }
    for (const std::string& name : request->code_names()) {
      scope.add_code_names(name);
    }
    scope.set_socket("/scopes/" + scope.name() + names + ".scope");
    scope.set_use_only(request->use_only());
    if (request->ttl_s() != 0) {
      scope.set_expires_unix_s(4'000'000'000 + request->ttl_s());
    }
    if (request->ends_with_caller()) scope.set_pid(1);
    if (request->has_guest_uid()) scope.set_guest_uid(request->guest_uid());
    scope.set_profile("default");
    scopes_[scope.name()] = scope;
    return grpc::Status::OK;
  }

  grpc::Status List(grpc::ServerContext*, const agent::v1::ListScopesRequest*,
                    agent::v1::ListScopesResponse* reply) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, scope] : scopes_) *reply->add_scopes() = scope;
    return grpc::Status::OK;
  }

  grpc::Status Revoke(grpc::ServerContext*,
                      const agent::v1::RevokeScopeRequest* request,
                      agent::v1::RevokeScopeResponse* reply) override {
    const std::lock_guard lock(mutex_);
    if (scopes_.erase(request->name()) == 0) {
      return {grpc::StatusCode::NOT_FOUND, "there is no such scope"};
    }
    reply->set_name(request->name());
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, agent::v1::Scope> scopes_;
};

}  // namespace libretto::testing
