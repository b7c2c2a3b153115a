#include "agent/rpc/lock_service.h"

#include <utility>

namespace libretto {
namespace {

namespace pb = agent::v1;

constexpr const char* kAsked = "it was told to";

void Ignore(const Status& /*released*/) {}

}  // namespace

void LockService::RegisterWith(GrpcMethods& methods) {
  const std::string path = "/libretto.agent.v1.Locking/";
  AddUnary(methods, path + "Enroll", *this, &LockService::Enroll);
  AddUnary(methods, path + "Unenroll", *this, &LockService::Unenroll);
  // Whoever asks for a lock gets one.
  AddUnary(methods, path + "Lock", *this, &LockService::Lock,
           Unparsable::kServed);
  AddUnary(methods, path + "Unlock", *this, &LockService::Unlock);
  AddUnary(methods, path + "Forget", *this, &LockService::Forget);
  AddUnary(methods, path + "Panic", *this, &LockService::Panic);
}

LockService::CallPtr LockService::Begin(ExchangePtr exchange,
                                        FixedText method) {
  auto call = std::make_unique<Call>(context_, std::move(exchange), method, "");
  // No scope reaches this service; the table says so.
  const StatusOr<const Scope*> scope = call->scope();
  if (scope.ok()) return call;
  call->Finish(scope.status());
  return nullptr;
}

void LockService::FinishLater(CallPtr call, const Status& status) {
  context_.loop.Post(
      [call = std::move(call), status] { call->Finish(status); });
}

void LockService::Enroll(ExchangePtr exchange, const pb::EnrollRequest* request,
                         pb::EnrollResponse* /*response*/) {
  CallPtr call = Begin(std::move(exchange), "Locking.Enroll");
  if (call == nullptr) return;
  SecretBytes passphrase = SecretBytes::CopyOf(request->passphrase());
  lock_.Enroll(
      {std::move(passphrase)},
      [call = std::move(call)](const Status& status) { call->Finish(status); });
}

void LockService::Unenroll(ExchangePtr exchange,
                           const pb::UnenrollRequest* request,
                           pb::UnenrollResponse* /*response*/) {
  CallPtr call = Begin(std::move(exchange), "Locking.Unenroll");
  if (call == nullptr) return;
  if (request->discard()) return call->Finish(lock_.Discard());
  SecretBytes passphrase = SecretBytes::CopyOf(request->passphrase());
  lock_.Unenroll(
      {std::move(passphrase)},
      [call = std::move(call)](const Status& status) { call->Finish(status); });
}

void LockService::Lock(ExchangePtr exchange, const pb::LockRequest* /*request*/,
                       pb::LockResponse* response) {
  CallPtr call = Begin(std::move(exchange), "Locking.Lock");
  if (call == nullptr) return;
  response->set_was_locked(lock_.locked());
  FinishLater(std::move(call), lock_.LockNow(kAsked, Ignore));
}

void LockService::Unlock(ExchangePtr exchange, const pb::UnlockRequest* request,
                         pb::UnlockResponse* /*response*/) {
  CallPtr call = Begin(std::move(exchange), "Locking.Unlock");
  if (call == nullptr) return;
  SecretBytes passphrase = SecretBytes::CopyOf(request->passphrase());
  lock_.Unlock(
      {std::move(passphrase)},
      [call = std::move(call)](const Status& status) { call->Finish(status); });
}

void LockService::Forget(ExchangePtr exchange,
                         const pb::ForgetRequest* /*request*/,
                         pb::ForgetResponse* response) {
  CallPtr call = Begin(std::move(exchange), "Locking.Forget");
  if (call == nullptr) return;
  lock_.Forget("it was told to forget", Ignore);
  response->set_locked(lock_.locked());
  FinishLater(std::move(call), OkStatus());
}

void LockService::Panic(ExchangePtr exchange,
                        const pb::PanicRequest* /*request*/,
                        pb::PanicResponse* response) {
  CallPtr call = Begin(std::move(exchange), "Locking.Panic");
  if (call == nullptr) return;
  lock_.Panic();
  response->set_locked(lock_.locked());
  FinishLater(std::move(call), OkStatus());
}

}  // namespace libretto
