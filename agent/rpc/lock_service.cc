#include "agent/rpc/lock_service.h"

#include <utility>

namespace libretto {
namespace {

namespace pb = agent::v1;

constexpr const char* kAsked = "it was told to";

void Ignore(const Status& /*released*/) {}

grpc::ByteBuffer AsBytes(const pb::LockResponse& response) {
  const grpc::Slice slice(response.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

template <typename Serve>
grpc::ServerUnaryReactor* LockService::OnLoop(
    grpc::CallbackServerContext* server_context, FixedText method,
    Serve serve) {
  auto call = std::make_unique<Call>(context_, *server_context, method, "");
  grpc::ServerUnaryReactor* const reactor = call->reactor();
  if (!call->Begin().ok()) return reactor;
  context_.loop.Post(
      [call = std::move(call), serve = std::move(serve)]() mutable {
        // No scope reaches this service; the table says so.
        const StatusOr<const Scope*> scope = call->scope();
        if (!scope.ok()) return call->Finish(scope.status());
        serve(std::move(call));
      });
  return reactor;
}

void LockService::FinishLater(CallPtr call, const Status& status) {
  context_.loop.Post(
      [call = std::move(call), status] { call->Finish(status); });
}

grpc::ServerUnaryReactor* LockService::Enroll(
    grpc::CallbackServerContext* server_context,
    const pb::EnrollRequest* request, pb::EnrollResponse* /*response*/) {
  return OnLoop(server_context, "Locking.Enroll",
                [this, request](CallPtr call) {
                  lock_.Enroll({SecretBytes::CopyOf(request->passphrase())},
                               [call = std::move(call)](const Status& status) {
                                 call->Finish(status);
                               });
                });
}

grpc::ServerUnaryReactor* LockService::Unenroll(
    grpc::CallbackServerContext* server_context,
    const pb::UnenrollRequest* request, pb::UnenrollResponse* /*response*/) {
  return OnLoop(
      server_context, "Locking.Unenroll", [this, request](CallPtr call) {
        if (request->discard()) return call->Finish(lock_.Discard());
        lock_.Unenroll({SecretBytes::CopyOf(request->passphrase())},
                       [call = std::move(call)](const Status& status) {
                         call->Finish(status);
                       });
      });
}

grpc::ServerUnaryReactor* LockService::Lock(
    grpc::CallbackServerContext* server_context,
    const grpc::ByteBuffer* /*request*/, grpc::ByteBuffer* response) {
  return OnLoop(server_context, "Locking.Lock", [this, response](CallPtr call) {
    pb::LockResponse answer;
    answer.set_was_locked(lock_.locked());
    *response = AsBytes(answer);
    const Status locked = lock_.LockNow(kAsked, Ignore);
    FinishLater(std::move(call), locked);
  });
}

grpc::ServerUnaryReactor* LockService::Unlock(
    grpc::CallbackServerContext* server_context,
    const pb::UnlockRequest* request, pb::UnlockResponse* /*response*/) {
  return OnLoop(server_context, "Locking.Unlock",
                [this, request](CallPtr call) {
                  lock_.Unlock({SecretBytes::CopyOf(request->passphrase())},
                               [call = std::move(call)](const Status& status) {
                                 call->Finish(status);
                               });
                });
}

grpc::ServerUnaryReactor* LockService::Forget(
    grpc::CallbackServerContext* server_context,
    const pb::ForgetRequest* /*request*/, pb::ForgetResponse* response) {
  return OnLoop(server_context, "Locking.Forget",
                [this, response](CallPtr call) {
                  lock_.Forget("it was told to forget", Ignore);
                  response->set_locked(lock_.locked());
                  FinishLater(std::move(call), OkStatus());
                });
}

grpc::ServerUnaryReactor* LockService::Panic(
    grpc::CallbackServerContext* server_context,
    const pb::PanicRequest* /*request*/, pb::PanicResponse* response) {
  return OnLoop(server_context, "Locking.Panic",
                [this, response](CallPtr call) {
                  lock_.Panic();
                  response->set_locked(lock_.locked());
                  FinishLater(std::move(call), OkStatus());
                });
}

}  // namespace libretto
