// Audit: who asked the agent for what, and what came of it. It makes one record
// of each event, in fixed words and checked names: no field can hold a secret,
// which the assertions below pin down. Where the records go is the sink's
// business; what cannot be written is counted, and said as soon as it can be.
//
// Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "agent/core/caller.h"
#include "agent/core/fixed_text.h"
#include "agent/core/remote.h"
#include "base/audit_chain.h"
#include "base/clock.h"
#include "base/credential_name.h"
#include "base/errors.h"
#include "base/seal.h"

namespace libretto {

struct AuditEvent {
  enum class Outcome { kOk, kRefused, kFailed };

  FixedText verb;  // a method, "Credentials.Get", or what happened
  // Nothing: the agent itself did it.
  std::optional<Caller> caller = {};
  std::optional<CredentialName> name = {};
  Outcome outcome = Outcome::kOk;
  FixedText reason = {};  // when it is not kOk
  std::uint64_t count = 1;
};

// A secret cannot be copied, so what holds one cannot either.
static_assert(std::is_copy_constructible_v<AuditEvent>);
template <typename Secret>
inline constexpr bool kNoAuditFieldTakes =
    !std::is_constructible_v<FixedText, Secret> &&
    !std::is_constructible_v<std::optional<CredentialName>, Secret> &&
    !std::is_constructible_v<Caller, Secret> &&
    !std::is_assignable_v<std::string&, Secret>;
static_assert(kNoAuditFieldTakes<SecretBytes> && kNoAuditFieldTakes<ApiKey> &&
              kNoAuditFieldTakes<SessionCookie> &&
              kNoAuditFieldTakes<Principal> && kNoAuditFieldTakes<DataKey>);
static_assert(!std::is_constructible_v<FixedText, std::string> &&
              !std::is_constructible_v<FixedText, std::string_view>);

// What a status means for the record.
AuditEvent::Outcome OutcomeOf(const Status& status);
FixedText ReasonFor(const Status& status);

// The record as members of a JSON object, printable ASCII only.
std::string AuditFields(const AuditEvent& event, WallTime at);

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // One record, whole or not at all.
  virtual Status Append(std::string_view fields) = 0;
  // Notes where the log ends, for who cannot ask.
  virtual void NoteHead() = 0;
  virtual AuditHead head() const = 0;
};

class Audit final : public Ticker {
 public:
  struct State {
    AuditHead head;
    std::uint64_t lost = 0;  // since the agent's start
    Status writing;          // why records are being lost
  };

  // `on_change` is told when writing begins to fail, and when it works again.
  Audit(AuditSink& sink, const Clock& clock,
        std::function<void(const Status&)> on_change);

  void Record(const AuditEvent& event);

  // Somebody was turned away before a byte was read. However often that
  // happens, it is one record a second, so that nobody can write the log full.
  void RecordRefused(const Caller& caller);

  // The last record of this agent.
  void RecordStop();

  State state() const { return {sink_.head(), lost_, writing_}; }

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  void Write(const AuditEvent& event);
  void FlushRefused();

  AuditSink& sink_;
  const Clock& clock_;
  std::function<void(const Status&)> on_change_;
  Status writing_;
  std::uint64_t lost_ = 0;
  std::uint64_t unsaid_ = 0;  // lost, and not in the log yet
  std::optional<TimePoint> note_head_at_;
  std::optional<TimePoint> next_refused_;
  std::optional<AuditEvent> refused_;
};

}  // namespace libretto
