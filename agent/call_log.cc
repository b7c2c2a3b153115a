#include "agent/call_log.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/credential_name.h"

namespace libretto {
namespace {

constexpr std::string_view kExplain = "Credentials.Explain";

// A text that cannot be a name is not kept: it may be a value that was pasted
// into the wrong place. What the cloud has under a name that breaks the rule is
// a name all the same; Explain goes well for what nobody has, too.
std::optional<CredentialName> NameIn(const CallRecord& call) {
  StatusOr<CredentialName> name = CredentialName::Parse(call.name);
  if (!name.ok() && call.status.ok() && call.method != kExplain) {
    name = CredentialName::Verbatim(call.name);
  }
  if (!name.ok()) return std::nullopt;
  return *std::move(name);
}

std::string NameForLog(const CallRecord& call) {
  if (call.name.empty()) return "-";
  const auto name = NameIn(call);
  return name.has_value() ? Printable(name->text()) : "(not a name)";
}

}  // namespace

void LogCall(const CallRecord& call) {
  // A read that went well is an everyday event, and so is a stream's end; what
  // failed is news.
  const bool everyday =
      call.status.ok() || call.status.code() == StatusCode::kCancelled;
  const auto level = everyday ? spdlog::level::debug : spdlog::level::info;
  if (!spdlog::should_log(level)) return;
  spdlog::log(level, "call method={} name={} uid={} pid={} outcome={} us={}",
              std::string_view(call.method), NameForLog(call), call.caller.uid,
              call.caller.pid, absl::StatusCodeToString(call.status.code()),
              call.took.count());
}

void ProvokedLines::Refused(const Caller& caller) {
  Log("refused", caller, "another user");
}

void ProvokedLines::Cut(const Caller& caller, const Status& why) {
  Log("cut off", caller, Message(why));
}

void ProvokedLines::Log(std::string_view what, const Caller& caller,
                        std::string_view why) {
  if (!allowance_.Spend(1, clock_.Now())) {
    ++left_out_;
    return;
  }
  spdlog::warn("{} uid={} pid={} reason=\"{}\" left_out={}", what, caller.uid,
               caller.pid, why, std::exchange(left_out_, 0));
}

std::optional<AuditEvent> AuditEventOf(const CallRecord& call) {
  constexpr std::string_view kAskedAllTheTime = "Agent.Status";
  if (call.method == kAskedAllTheTime && call.status.ok()) return std::nullopt;
  return AuditEvent{.verb = call.method,
                    .caller = call.caller,
                    .name = NameIn(call),
                    .outcome = OutcomeOf(call.status),
                    .reason = ReasonFor(call.status)};
}

}  // namespace libretto
