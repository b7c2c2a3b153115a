// libretto.agent.v1.Locking. Handlers run on gRPC's threads and post.
#pragma once

#include "agent/core/lock.h"
#include "agent/rpc/call.h"
#include "libretto/agent/v1/lock.grpc.pb.h"

namespace libretto {

// Lock takes its request as bytes: one that cannot be parsed locks too.
class LockService final
    : public agent::v1::Locking::WithRawCallbackMethod_Lock<
          agent::v1::Locking::WithCallbackMethod_Enroll<
              agent::v1::Locking::WithCallbackMethod_Unenroll<
                  agent::v1::Locking::WithCallbackMethod_Unlock<
                      agent::v1::Locking::WithCallbackMethod_Forget<
                          agent::v1::Locking::WithCallbackMethod_Panic<
                              agent::v1::Locking::Service>>>>>> {
 public:
  LockService(CallContext& context, libretto::Lock& lock)
      : context_(context), lock_(lock) {}

  grpc::ServerUnaryReactor* Enroll(
      grpc::CallbackServerContext* server_context,
      const agent::v1::EnrollRequest* request,
      agent::v1::EnrollResponse* response) override;
  grpc::ServerUnaryReactor* Unenroll(
      grpc::CallbackServerContext* server_context,
      const agent::v1::UnenrollRequest* request,
      agent::v1::UnenrollResponse* response) override;
  grpc::ServerUnaryReactor* Lock(grpc::CallbackServerContext* server_context,
                                 const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Unlock(
      grpc::CallbackServerContext* server_context,
      const agent::v1::UnlockRequest* request,
      agent::v1::UnlockResponse* response) override;
  grpc::ServerUnaryReactor* Forget(
      grpc::CallbackServerContext* server_context,
      const agent::v1::ForgetRequest* request,
      agent::v1::ForgetResponse* response) override;
  grpc::ServerUnaryReactor* Panic(grpc::CallbackServerContext* server_context,
                                  const agent::v1::PanicRequest* request,
                                  agent::v1::PanicResponse* response) override;

 private:
  using CallPtr = std::unique_ptr<Call>;

  // Runs `serve(call)` on the loop. No profile has a part in it, so nothing
  // about one can be in the way.
  template <typename Serve>
  grpc::ServerUnaryReactor* OnLoop(grpc::CallbackServerContext* server_context,
                                   FixedText method, Serve serve);
  // Once everything that is posted to the loop by now is done with: it may hold
  // what a lock takes away.
  void FinishLater(CallPtr call, const Status& status);

  CallContext& context_;
  libretto::Lock& lock_;
};

}  // namespace libretto
