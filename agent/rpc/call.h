// The common part of every handler: who calls, is there room for one more call,
// onto the loop, for which account, and back with a status. Handlers stay a few
// lines each.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "agent/core/caller.h"
#include "agent/core/executor.h"
#include "agent/core/fixed_text.h"
#include "agent/core/profiles.h"
#include "agent/core/scopes.h"
#include "agent/rpc/gate.h"
#include "agent/rpc/peer_table.h"
#include "base/errors.h"
#include "libretto/agent/v1/context.pb.h"

namespace libretto {

// What one call came to, or one delivery of a stream; nothing of it is secret.
struct CallRecord {
  Caller caller;
  FixedText method;
  std::string name;  // the credential's, if there is one
  Status status;
  std::chrono::microseconds took{0};
};

// What every service needs. Immutable after construction.
struct CallContext {
  Executor& loop;
  PeerTable& peers;
  Profiles& profiles;
  Scopes& scopes;
  // Loop thread.
  std::function<void(const CallRecord&)> log;
};

// `status` for the wire: the code is the same; remedy, reason and wait travel
// as trailers, percent-encoded like grpc-message.
grpc::Status ToGrpc(grpc::CallbackServerContext& server_context,
                    const Status& status);

// One unary call that is being served. Finish() ends it; the destructor of one
// that never was finished ends it as Internal().
class Call {
 public:
  Call(CallContext& context, grpc::CallbackServerContext& server_context,
       FixedText method, std::string name);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Any thread. Not OK: the call is already finished with that status.
  Status Begin();
  void Finish(const Status& status);

  // Keeps a profile that was made for this call until it has ended.
  void Own(std::unique_ptr<Profile> profile) { owned_ = std::move(profile); }

  const Caller& caller() const { return record_.caller; }
  // Null for the main socket; Denied() once the scope has ended. Loop thread.
  StatusOr<const Scope*> scope() const {
    return ScopeOf(context_.scopes, record_.caller, record_.method);
  }
  grpc::ServerUnaryReactor* reactor() { return reactor_; }

 private:
  CallContext& context_;
  grpc::CallbackServerContext& server_context_;
  grpc::ServerUnaryReactor* reactor_;
  std::string peer_;
  CallRecord record_;
  std::chrono::steady_clock::time_point began_;
  std::unique_ptr<Profile> owned_;
  bool open_ = true;
};

// Whether a call needs the login that there is.
enum class Needs {
  kSession,  // it is loaded, and has to be for the cloud that the caller means
  kNothing,  // it brings what it needs, or looks only
};

// What the caller's environment says; the URL without trailing slashes, because
// paths are appended to it (contract 1.1).
CallerContext FromProto(const agent::v1::Context& context);

// FromProto()'s URL, or the hosted service's.
std::string TargetUrl(const agent::v1::Context& context);

// The profile that the call acts for: its scope's where it has one, otherwise
// the one that the caller means. One that is made for this one call goes into
// `owned`.
StatusOr<Profile*> FindProfile(Profiles& profiles, const Scope* scope,
                               const agent::v1::Context& context, Needs needs,
                               std::unique_ptr<Profile>& owned);

// Runs `serve(profile, call)` on the loop. `serve` finishes the call, now or
// later.
template <typename Request, typename Serve>
grpc::ServerUnaryReactor* ServeUnary(
    CallContext& context, grpc::CallbackServerContext* server_context,
    FixedText method, std::string name, const Request* request, Needs needs,
    Serve serve) {
  auto call =
      std::make_unique<Call>(context, *server_context, method, std::move(name));
  grpc::ServerUnaryReactor* const reactor = call->reactor();
  if (!call->Begin().ok()) return reactor;
  context.loop.Post([&context, request, needs, method, call = std::move(call),
                     serve = std::move(serve)]() mutable {
    const StatusOr<const Scope*> scope =
        PassGate(context.scopes, call->caller(), method, *request);
    if (!scope.ok()) return call->Finish(scope.status());
    std::unique_ptr<Profile> owned;
    const StatusOr<Profile*> profile =
        FindProfile(context.profiles, *scope, request->context(), needs, owned);
    if (!profile.ok()) return call->Finish(profile.status());
    call->Own(std::move(owned));
    serve(**profile, std::move(call));
  });
  return reactor;
}

}  // namespace libretto
