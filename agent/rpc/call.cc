#include "agent/rpc/call.h"

#include <array>

namespace libretto {
namespace {

// Header values are visible ASCII; everything else is percent-encoded, as gRPC
// does with its own message.
std::string PercentEncoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f && c != '%') {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

}  // namespace

grpc::Status ToGrpc(grpc::CallbackServerContext& server_context,
                    const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::array<std::pair<const char*, std::string>, 3> trailers = {{
      {"libretto-remedy", Remedy(status)},
      {"libretto-reason", ReasonOf(status)},
      {"libretto-wait", WaitOf(status).count() > 0
                            ? std::to_string(WaitOf(status).count())
                            : std::string()},
  }};
  for (const auto& [name, value] : trailers) {
    if (!value.empty()) {
      server_context.AddTrailingMetadata(name, PercentEncoded(value));
    }
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      Message(status));
}

CallerContext FromProto(const agent::v1::Context& context) {
  std::string_view api_url = context.api_url();
  while (api_url.ends_with('/')) api_url.remove_suffix(1);
  return {context.profile(), std::string(api_url),
          SecretBytes::CopyOf(context.api_key())};
}

std::string TargetUrl(const agent::v1::Context& context) {
  std::string api_url = FromProto(context).api_url;
  return api_url.empty() ? std::string(kHostedService) : api_url;
}

StatusOr<Profile*> FindProfile(Profiles& profiles, const Scope* scope,
                               const agent::v1::Context& context, Needs needs,
                               std::unique_ptr<Profile>& owned) {
  CallerContext caller = FromProto(context);
  // A key is for what a session would do; a login is for the profile itself.
  if (needs == Needs::kNothing) caller.api_key.Wipe();
  if (scope != nullptr) {
    Status meant = scope->CheckAccount(caller);
    if (!meant.ok()) return meant;
  }
  StatusOr<Profile*> profile = scope == nullptr
                                   ? profiles.For(caller, owned)
                                   : profiles.For(scope->ActsAs(), owned);
  if (!profile.ok() || needs == Needs::kNothing) return profile;
  if (owned == nullptr) profiles.Touch();
  // Whoever is not signed in here may be so on disk by now.
  Status ready = (*profile)->accounts.Load();
  if (ready.ok()) ready = Profiles::CheckCloud(**profile, caller);
  if (!ready.ok()) return ready;
  return profile;
}

Call::Call(CallContext& context, grpc::CallbackServerContext& server_context,
           FixedText method, std::string name)
    : context_(context),
      server_context_(server_context),
      reactor_(server_context.DefaultReactor()),
      peer_(server_context.peer()),
      began_(std::chrono::steady_clock::now()) {
  record_.method = method;
  record_.name = std::move(name);
}

Call::~Call() {
  if (open_) Finish(Internal("the call was dropped"));
}

Status Call::Begin() {
  StatusOr<Caller> caller = context_.peers.BeginCall(peer_);
  if (caller.ok()) {
    record_.caller = *caller;
    return OkStatus();
  }
  open_ = false;
  reactor_->Finish(ToGrpc(server_context_, caller.status()));
  return caller.status();
}

void Call::Finish(const Status& status) {
  if (!std::exchange(open_, false)) return;
  context_.peers.EndCall(peer_);
  record_.status = status;
  record_.took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began_);
  context_.log(record_);
  // It may be one of the profile's own completions that ends this call.
  if (owned_ != nullptr) {
    context_.loop.Post([owned = std::move(owned_)] {});
  }
  // The last word: gRPC may free the request and the context from here on.
  reactor_->Finish(ToGrpc(server_context_, status));
}

}  // namespace libretto
