// The Accounts service of echo_agent: canned answers, and a line in a file for
// each call, with the context that came with it. Any thread (guarded).
#pragma once

#include <poll.h>

#include <fstream>
#include <mutex>
#include <string>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "libretto/agent/v1/accounts.grpc.pb.h"

namespace libretto::testing {

namespace api = libretto::agent::v1;
using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

// One line for each account call: what it was, and its context.
class Callers {
 public:
  explicit Callers(std::string file) : file_(std::move(file)) {}

  void Record(const std::string& call, const api::Context& context) {
    const std::lock_guard lock(mutex_);
    std::ofstream(file_, std::ios::app)
        << call << " profile=" << context.profile()
        << " url=" << context.api_url() << " key=" << context.api_key() << "\n";
  }

 private:
  const std::string file_;
  std::mutex mutex_;
};

class Accounts final : public api::Accounts::Service {
 public:
  explicit Accounts(Callers& callers) : callers_(callers) {}

  Status SignUp(ServerContext* context, const api::SignUpRequest* request,
                api::SignUpResponse* reply) override {
    callers_.Record("SignUp", request->context());
    if (request->organization_slug() == "taken" ||
        request->email() == "taken@x.test") {
      const bool slug = request->organization_slug() == "taken";
      context->AddTrailingMetadata("libretto-reason",
                                   slug ? "slug_taken" : "email_taken");
      return {StatusCode::ABORTED,
              slug ? "the slug is taken" : "the address is taken"};
    }
    reply->set_email(request->email());
    reply->set_organization_slug(request->organization_slug());
    // Everything that was asked, for the test to see.
    reply->set_session_file("|" + request->name() + "|" + request->password() +
                            "|" + request->organization_name() + "|" +
                            request->alert_email());
    return Status::OK;
  }

  Status Login(ServerContext*, const api::LoginRequest* request,
               api::LoginResponse* reply) override {
    callers_.Record("Login", request->context());
    if (request->password() != "right password") {
      return {StatusCode::UNAUTHENTICATED, "Invalid email or password"};
    }
    reply->set_email(request->email());
    reply->set_email_verified(!request->email().starts_with("new"));
    reply->set_session_file("/session");
    return Status::OK;
  }

  // Approved after two looks; by nobody for the profile "forgotten".
  Status BrowserLogin(
      ServerContext* context, const api::BrowserLoginRequest* request,
      grpc::ServerWriter<api::BrowserLoginEvent>* writer) override {
    callers_.Record("BrowserLogin", request->context());
    api::BrowserLoginEvent event;
    event.mutable_opened()->set_request_id("the id");
    event.mutable_opened()->set_secret("s3/cret");
    writer->Write(event);
    for (int look = 0; look < 2; ++look) {
      event.mutable_waiting();
      writer->Write(event);
    }
    if (request->context().profile() == "patient") {
      while (!context->IsCancelled()) {
        // The synchronous interface has no call to wait with.
        poll(nullptr, 0, 10);
      }
      callers_.Record("BrowserLoginCancelled", request->context());
      return Status::CANCELLED;
    }
    if (request->context().profile() == "forgotten") {
      return {StatusCode::DEADLINE_EXCEEDED, "nobody has approved the login"};
    }
    event.mutable_signed_in()->set_email("casey@example.com");
    event.mutable_signed_in()->set_email_verified(true);
    event.mutable_signed_in()->set_session_file("/session");
    writer->Write(event);
    return Status::OK;
  }

  Status ForgotPassword(ServerContext*,
                        const api::ForgotPasswordRequest* request,
                        api::ForgotPasswordResponse* reply) override {
    callers_.Record("ForgotPassword", request->context());
    reply->set_sent(request->email() != "nobody@x.test");
    return Status::OK;
  }

  Status Logout(ServerContext*, const api::LogoutRequest* request,
                api::LogoutResponse* reply) override {
    callers_.Record("Logout", request->context());
    reply->set_was_signed_in(true);
    reply->add_not_revoked("the API key: the cloud is unreachable");
    return Status::OK;
  }

  Status WhoAmI(ServerContext*, const api::WhoAmIRequest* request,
                api::WhoAmIResponse* reply) override {
    callers_.Record("WhoAmI", request->context());
    if (request->context().profile() == "nobody") {
      reply->set_source(api::WhoAmIResponse::NOBODY);
      return Status::OK;
    }
    const bool key = !request->context().api_key().empty();
    reply->set_source(key ? api::WhoAmIResponse::ENVIRONMENT
                          : api::WhoAmIResponse::SESSION);
    reply->set_email("casey@example.com");
    reply->set_api_url("http://127.0.0.1:8080");
    reply->set_session_file("/session");
    reply->set_checked(request->check());
    reply->set_email_verified(request->check());
    if (request->check()) {
      reply->set_organization_name("Acme Inc.");
      reply->set_organization_slug("acme");
    }
    return Status::OK;
  }

  Status Invite(ServerContext*, const api::InviteRequest* request,
                api::InviteResponse* reply) override {
    callers_.Record("Invite", request->context());
    reply->set_invitation_id("inv1");
    reply->set_email(request->email());
    reply->set_role(request->role());
    reply->set_organization_name("Acme Inc.");
    reply->set_organization_slug("acme");
    reply->set_expires_at("2026-01-03T00:00:00.000Z");
    return Status::OK;
  }

  // An invitation "member" is for who is signed in; any other needs an account,
  // and "taken" is to an address that has one.
  Status AcceptInvite(ServerContext* context,
                      const api::AcceptInviteRequest* request,
                      api::AcceptInviteResponse* reply) override {
    callers_.Record("AcceptInvite", request->context());
    reply->set_email("mate@x.test");
    reply->set_organization_slug(request->organization_slug());
    if (request->invitation_id() == "member") {
      reply->set_organization_name("Acme");
      reply->set_email_verified(true);
      return Status::OK;
    }
    if (request->name().empty() || request->password().empty()) {
      context->AddTrailingMetadata("libretto-reason", "account_needed");
      return {StatusCode::UNAUTHENTICATED, "nobody is logged in"};
    }
    if (request->invitation_id() == "taken") {
      return {StatusCode::ABORTED, "the address has an account"};
    }
    reply->set_account_created(true);
    reply->set_session_file("|" + request->name() + "|" + request->password());
    return Status::OK;
  }

  Status DeleteAccount(ServerContext*, const api::DeleteAccountRequest* request,
                       api::DeleteAccountResponse* reply) override {
    callers_.Record("DeleteAccount", request->context());
    reply->set_email(request->email());
    return Status::OK;
  }

  Status IssueApiKey(ServerContext*, const api::IssueApiKeyRequest* request,
                     api::IssueApiKeyResponse* reply) override {
    callers_.Record("IssueApiKey", request->context());
    reply->set_id("key1");
    reply->set_label(request->label());
    reply->set_key("the-raw-key");
    return Status::OK;
  }

  Status ListApiKeys(ServerContext*, const api::ListApiKeysRequest* request,
                     api::ListApiKeysResponse* reply) override {
    callers_.Record("ListApiKeys", request->context());
    if (request->context().profile() == "empty") return Status::OK;
    auto* key = reply->add_keys();
    key->set_id("key1");
    key->set_label("ci");
    key->set_start("abcdef");
    key->set_enabled(true);
    key->set_created_at("2026-01-01T00:00:00.000Z");
    key->set_last_request("2026-01-02T00:00:00.000Z");
    key = reply->add_keys();
    key->set_id("key2");
    key->set_start("ghijkl");
    key->set_created_at("2026-01-01T00:00:00.000Z");
    key->set_leased(true);
    return Status::OK;
  }

  Status RevokeApiKey(ServerContext*, const api::RevokeApiKeyRequest* request,
                      api::RevokeApiKeyResponse* reply) override {
    callers_.Record("RevokeApiKey", request->context());
    reply->set_was_leased(request->id() == "key2");
    return Status::OK;
  }

 private:
  Callers& callers_;
};

}  // namespace libretto::testing
