// The common part of every handler: who calls, is there room for one more call,
// onto the loop, and back with a status. Handlers stay a few lines each.
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
#include "agent/rpc/peer_table.h"
#include "base/errors.h"

namespace libretto {

// What one call came to; nothing of it is secret.
struct CallRecord {
  Caller caller;
  std::string_view method;
  std::string name;  // the credential's, if there is one
  Status status;
  std::chrono::microseconds took{0};
};

// What every service needs. Immutable after construction.
struct CallContext {
  Executor& loop;
  PeerTable& peers;
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
       std::string_view method, std::string name);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Any thread. Not OK: the call is already finished with that status.
  Status Begin();
  void Finish(const Status& status);

  const Caller& caller() const { return record_.caller; }
  grpc::ServerUnaryReactor* reactor() { return reactor_; }

 private:
  CallContext& context_;
  grpc::CallbackServerContext& server_context_;
  grpc::ServerUnaryReactor* reactor_;
  std::string peer_;
  CallRecord record_;
  std::chrono::steady_clock::time_point began_;
  bool open_ = true;
};

// Runs `serve(call)` on the loop. `serve` finishes the call, now or later.
template <typename Serve>
grpc::ServerUnaryReactor* ServeUnary(
    CallContext& context, grpc::CallbackServerContext* server_context,
    std::string_view method, std::string name, Serve serve) {
  auto call =
      std::make_unique<Call>(context, *server_context, method, std::move(name));
  grpc::ServerUnaryReactor* const reactor = call->reactor();
  if (call->Begin().ok()) {
    context.loop.Post(
        [call = std::move(call), serve = std::move(serve)]() mutable {
          serve(std::move(call));
        });
  }
  return reactor;
}

}  // namespace libretto
