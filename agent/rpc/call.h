// The common part of every handler: who calls, may they, for which account, and
// back with a status. Handlers stay a few lines each. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/message_lite.h>

#include "agent/core/caller.h"
#include "agent/core/executor.h"
#include "agent/core/fixed_text.h"
#include "agent/core/profiles.h"
#include "agent/core/scopes.h"
#include "agent/grpc/grpc_call.h"
#include "agent/grpc/grpc_methods.h"
#include "agent/rpc/gate.h"
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
  Profiles& profiles;
  Scopes& scopes;
  // Loop thread.
  std::function<void(const CallRecord&)> log;
};

// `message` as it goes over the wire.
SecretBytes Serialized(const google::protobuf::MessageLite& message);

// What one unary call brings and takes along: the way back, the request and the
// answer that is being made.
class Exchange {
 public:
  explicit Exchange(std::unique_ptr<GrpcCall> with) : wire(std::move(with)) {}
  virtual ~Exchange() = default;
  virtual const google::protobuf::MessageLite& answer() const = 0;

  const std::unique_ptr<GrpcCall> wire;
};
using ExchangePtr = std::unique_ptr<Exchange>;

// One unary call that is being served. Finish() ends it; the destructor of one
// that never was finished ends it as Internal().
class Call {
 public:
  Call(CallContext& context, ExchangePtr exchange, FixedText method,
       std::string name);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The answer goes along when `status` is OK.
  void Finish(const Status& status);

  // Keeps a profile that was made for this call until it has ended.
  void Own(std::unique_ptr<Profile> profile) { owned_ = std::move(profile); }

  const Caller& caller() const { return record_.caller; }
  // Null for the main socket; Denied() once the scope has ended.
  StatusOr<const Scope*> scope() const {
    return ScopeOf(context_.scopes, record_.caller, record_.method);
  }

 private:
  CallContext& context_;
  const ExchangePtr exchange_;
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

// Runs `serve(profile, call)`, which finishes the call, now or later. `request`
// belongs to `exchange`.
template <typename Request, typename Serve>
void ServeUnary(CallContext& context, ExchangePtr exchange, FixedText method,
                std::string name, const Request* request, Needs needs,
                Serve serve) {
  auto call = std::make_unique<Call>(context, std::move(exchange), method,
                                     std::move(name));
  const StatusOr<const Scope*> scope =
      PassGate(context.scopes, call->caller(), method, *request);
  if (!scope.ok()) return call->Finish(scope.status());
  std::unique_ptr<Profile> owned;
  const StatusOr<Profile*> profile =
      FindProfile(context.profiles, *scope, request->context(), needs, owned);
  if (!profile.ok()) return call->Finish(profile.status());
  call->Own(std::move(owned));
  serve(**profile, std::move(call));
}

// `message` from the wire; false when it is none.
bool Parse(const SecretBytes& bytes, google::protobuf::MessageLite& message);

// Whether a request that cannot be parsed is served all the same, as one with
// nothing in it.
enum class Unparsable { kRefused, kServed };

// Has `service`'s `handler` answer the unary calls of `path`.
template <typename Service, typename Request, typename Response>
void AddUnary(GrpcMethods& methods, const std::string& path, Service& service,
              void (Service::*handler)(ExchangePtr, const Request*, Response*),
              Unparsable unparsable = Unparsable::kRefused) {
  struct Messages final : Exchange {
    using Exchange::Exchange;
    const google::protobuf::MessageLite& answer() const override {
      return response;
    }
    Request request;
    Response response;
  };
  methods.Add(path, [&service, handler, unparsable](
                        std::unique_ptr<GrpcCall> wire,
                        const SecretBytes& bytes) {
    auto messages = std::make_unique<Messages>(std::move(wire));
    if (!Parse(bytes, messages->request)) {
      if (unparsable == Unparsable::kRefused) {
        return messages->wire->Finish(Invalid("the request cannot be parsed"));
      }
      messages->request.Clear();
    }
    const Request* const request = &messages->request;
    Response* const response = &messages->response;
    (service.*handler)(std::move(messages), request, response);
  });
}

}  // namespace libretto
