#include "agent/rpc/call.h"

#include <utility>

namespace libretto {
SecretBytes Serialized(const google::protobuf::MessageLite& message) {
  SecretBytes bytes(message.ByteSizeLong());
  message.SerializeToArray(bytes.RevealMutable(),
                           static_cast<int>(bytes.size()));
  return bytes;
}

bool Parse(const SecretBytes& bytes, google::protobuf::MessageLite& message) {
  const std::string_view text = bytes.Reveal();
  return message.ParseFromArray(text.data(), static_cast<int>(text.size()));
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

Call::Call(CallContext& context, ExchangePtr exchange, FixedText method,
           std::string name)
    : context_(context),
      exchange_(std::move(exchange)),
      began_(std::chrono::steady_clock::now()) {
  record_.caller = exchange_->wire->caller();
  record_.method = method;
  record_.name = std::move(name);
}

Call::~Call() {
  if (open_) Finish(Internal("the call was dropped"));
}

void Call::Finish(const Status& status) {
  if (!std::exchange(open_, false)) return;
  record_.status = status;
  record_.took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began_);
  context_.log(record_);
  // It may be one of the profile's own completions that ends this call.
  if (owned_ != nullptr) {
    context_.loop.Post([owned = std::move(owned_)] {});
  }
  if (!status.ok()) return exchange_->wire->Finish(status);
  exchange_->wire->Answer(Serialized(exchange_->answer()));
}

}  // namespace libretto
