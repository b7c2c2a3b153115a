// One Credentials.Watch call. What a slow reader has not read yet is replaced
// by what is newer, so at most one event for each name waits. Loop thread only.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "agent/rpc/event_stream.h"
#include "libretto/agent/v1/credentials.pb.h"

namespace libretto {

class WatchStream final : public EventStream<agent::v1::WatchEvent>,
                          private WatchSink {
 public:
  WatchStream(CallContext& context, std::unique_ptr<GrpcCall> wire)
      : EventStream(context, std::move(wire), "Credentials.Watch") {}

  void Start(const agent::v1::WatchRequest& request) {
    Begin(request, Needs::kSession, [this, &request](Profile& profile) {
      StatusOr<std::vector<CredentialName>> names = NamesOf(request);
      if (!names.ok()) return Complete(names.status());
      watchers_ = &profile.watchers;
      last_reads_ = &profile.last_reads;
      id_ = watchers_->Start(*std::move(names), *this);
    });
  }

 private:
  StatusOr<std::vector<CredentialName>> NamesOf(
      const agent::v1::WatchRequest& request) const {
    if (is_for_one_call()) {
      return WithRemedy(
          Invalid("an API key of the caller's own acts for one call; nobody "
                  "would notice a change"),
          "unset LIBRETTO_API_KEY");
    }
    const auto asked = static_cast<std::size_t>(request.names_size());
    if (asked == 0 || asked > Watchers::kMaxNames) {
      return Invalid("a watch is for 1 to 256 names");
    }
    std::vector<CredentialName> names;
    for (const std::string& text : request.names()) {
      StatusOr<CredentialName> name = CredentialName::Parse(text);
      if (!name.ok()) return Annotate(name.status(), Printable(text));
      if (std::find(names.begin(), names.end(), *name) == names.end()) {
        names.push_back(*std::move(name));
      }
    }
    return names;
  }

  void OnValue(const Credential& credential) override {
    agent::v1::WatchEvent event;
    const std::string_view value = credential.value.Reveal();
    event.set_name(credential.name);
    event.mutable_value()->set_value(value.data(), value.size());
    event.mutable_value()->set_generation(credential.generation);
    last_reads_->Note(credential.name, caller());
    Tell(std::move(event));
  }
  void OnGone(const CredentialName& name) override {
    agent::v1::WatchEvent event;
    event.set_name(name.text());
    event.mutable_gone();
    Tell(std::move(event));
  }
  void OnSettled() override {
    agent::v1::WatchEvent event;
    event.mutable_settled();
    Push(std::move(event));
  }
  void OnOver(const Status& why) override { Complete(why); }

  void Tell(agent::v1::WatchEvent event) {
    PushInPlaceOf(std::move(event), [](const agent::v1::WatchEvent& a,
                                       const agent::v1::WatchEvent& b) {
      return a.name() == b.name();
    });
  }

  std::optional<std::string> Delivers(
      const agent::v1::WatchEvent& event) const override {
    if (!event.has_value()) return std::nullopt;
    return event.name();
  }

  void GiveUp(const Status& why) override {
    if (watchers_ == nullptr || complete()) return;
    watchers_->Cancel(id_);
    Complete(why);
  }

  Watchers* watchers_ = nullptr;
  LastReads* last_reads_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace libretto
