// libretto.agent.v1.Locking. Loop thread only.
#pragma once

#include "agent/core/lock.h"
#include "agent/rpc/call.h"
#include "libretto/agent/v1/lock.pb.h"

namespace libretto {

class LockService final {
 public:
  LockService(CallContext& context, libretto::Lock& lock)
      : context_(context), lock_(lock) {}

  // This outlives `methods`.
  void RegisterWith(GrpcMethods& methods);

 private:
  using CallPtr = std::unique_ptr<Call>;

  void Enroll(ExchangePtr exchange, const agent::v1::EnrollRequest* request,
              agent::v1::EnrollResponse* response);
  void Unenroll(ExchangePtr exchange, const agent::v1::UnenrollRequest* request,
                agent::v1::UnenrollResponse* response);
  void Lock(ExchangePtr exchange, const agent::v1::LockRequest* request,
            agent::v1::LockResponse* response);
  void Unlock(ExchangePtr exchange, const agent::v1::UnlockRequest* request,
              agent::v1::UnlockResponse* response);
  void Forget(ExchangePtr exchange, const agent::v1::ForgetRequest* request,
              agent::v1::ForgetResponse* response);
  void Panic(ExchangePtr exchange, const agent::v1::PanicRequest* request,
             agent::v1::PanicResponse* response);

  // A call that no profile has a part in, so that nothing about one can be in
  // the way. Null when it is finished already.
  CallPtr Begin(ExchangePtr exchange, FixedText method);
  // Once everything that is posted to the loop by now is done with: it may hold
  // what a lock takes away.
  void FinishLater(CallPtr call, const Status& status);

  CallContext& context_;
  libretto::Lock& lock_;
};

}  // namespace libretto
