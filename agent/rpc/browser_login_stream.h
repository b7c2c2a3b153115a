// One Accounts.BrowserLogin call; when its caller leaves, the cloud is not
// asked any more. Loop thread only.
#pragma once

#include "agent/rpc/event_stream.h"
#include "libretto/agent/v1/accounts.pb.h"

namespace libretto {

class BrowserLoginStream final
    : public EventStream<agent::v1::BrowserLoginEvent> {
 public:
  BrowserLoginStream(CallContext& context, std::unique_ptr<GrpcCall> wire)
      : EventStream(context, std::move(wire), "Accounts.BrowserLogin") {}

  void Start(const agent::v1::BrowserLoginRequest& request) {
    Begin(request, Needs::kNothing, [this, &request](Profile& profile) {
      login_ = &profile.browser_login;
      id_ = login_->Start(
          TargetUrl(request.context()),
          [this](const BrowserLoginRequest* opened) { Progress(opened); },
          [this, &profile](const StatusOr<SignedInAs>& as) {
            if (as.ok()) SignedIn(*as, profile.accounts.session_file());
            Complete(as.status());
          });
    });
  }

 private:
  void GiveUp(const Status& why) override {
    if (login_ == nullptr || complete()) return;
    login_->Cancel(id_);
    Complete(why);
  }

  void Progress(const BrowserLoginRequest* opened) {
    agent::v1::BrowserLoginEvent event;
    if (opened == nullptr) {
      event.mutable_waiting();
    } else {
      event.mutable_opened()->set_request_id(opened->id);
      event.mutable_opened()->set_secret(std::string(opened->secret.Reveal()));
      event.mutable_opened()->set_expires_at(opened->expires_at);
    }
    Push(std::move(event));
  }

  void SignedIn(const SignedInAs& as, const std::string& session_file) {
    agent::v1::BrowserLoginEvent event;
    event.mutable_signed_in()->set_email(as.email);
    event.mutable_signed_in()->set_email_verified(as.email_verified);
    event.mutable_signed_in()->set_session_file(session_file);
    Push(std::move(event));
  }

  BrowserLogin* login_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace libretto
