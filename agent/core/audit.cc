#include "agent/core/audit.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

namespace libretto {
namespace {

constexpr std::chrono::seconds kRefusedInterval{1};
// A write for each record would be a third of what a record costs.
constexpr std::chrono::seconds kNoteHeadAfter{1};
// A path, or the longest name that a cloud may hold.
constexpr std::size_t kMaxTextBytes = 1024;

// "2026-01-31T12:34:56.789Z".
std::string Timestamp(WallTime at) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
      at.time_since_epoch());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                utc.tm_min, utc.tm_sec,
                static_cast<int>(millis.count() % 1000));
  return text.data();
}

// Any bytes as a JSON text of printable ASCII: what a terminal would act on is
// escaped the way Printable() does it everywhere, and the log can be looked at
// with cat.
void AppendQuoted(std::string_view text, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  const auto as_it_is = [](char c) {
    return c >= 0 && c < 0x7f && c != '"' && c != '\\';
  };
  const std::string printable = Printable(text, kMaxTextBytes);
  out += '"';
  auto at = printable.begin();
  while (at != printable.end()) {
    const auto end = std::find_if_not(at, printable.end(), as_it_is);
    out.append(at, end);
    if (end == printable.end()) break;
    at = end + 1;
    const auto byte = static_cast<unsigned char>(*end);
    if (*end == '"' || *end == '\\') {
      out += '\\';
      out += *end;
    } else {
      out += "\\\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out += '"';
}

void AppendText(std::string_view key, std::string_view value,
                std::string& out) {
  if (!out.empty()) out += ',';
  out += '"';
  out += key;
  out += "\":";
  AppendQuoted(value, out);
}

void AppendNumber(std::string_view key, std::uint64_t value, std::string& out) {
  if (!out.empty()) out += ',';
  out += '"';
  out += key;
  out += "\":";
  out += std::to_string(value);
}

FixedText WordFor(AuditEvent::Outcome outcome) {
  switch (outcome) {
    case AuditEvent::Outcome::kOk:
      return "ok";
    case AuditEvent::Outcome::kRefused:
      return "refused";
    case AuditEvent::Outcome::kFailed:
      break;
  }
  return "failed";
}

void AppendCaller(const Caller& caller, std::string& out) {
  AppendNumber("uid", caller.uid, out);
  AppendNumber("pid", static_cast<std::uint64_t>(caller.pid), out);
  const CallerProcess& process = caller.process;
  if (process.start_ticks == 0) return;
  AppendNumber("started", process.start_ticks, out);
  AppendText("process", process.name, out);
  if (!process.executable.empty()) {
    AppendText("executable", process.executable, out);
  }
  if (!process.cgroup.empty()) AppendText("cgroup", process.cgroup, out);
}

}  // namespace

AuditEvent::Outcome OutcomeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return AuditEvent::Outcome::kOk;
    case StatusCode::kPermissionDenied:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kUnauthenticated:
    case StatusCode::kResourceExhausted:
      return AuditEvent::Outcome::kRefused;
    default:
      return AuditEvent::Outcome::kFailed;
  }
}

FixedText ReasonFor(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return {};
    case StatusCode::kPermissionDenied:
      return "denied";
    case StatusCode::kFailedPrecondition:
      return "locked";
    case StatusCode::kUnauthenticated:
      return "not_signed_in";
    case StatusCode::kResourceExhausted:
      return "throttled";
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kInvalidArgument:
      return "invalid";
    case StatusCode::kUnavailable:
      return "offline";
    case StatusCode::kDeadlineExceeded:
      return "too_slow";
    case StatusCode::kDataLoss:
      return "corrupt";
    case StatusCode::kAborted:
      return "conflict";
    case StatusCode::kCancelled:
      return "caller_left";
    default:
      return "internal";
  }
}

std::string AuditFields(const AuditEvent& event, WallTime at) {
  std::string out;
  AppendText("time", Timestamp(at), out);
  AppendText("verb", event.verb, out);
  if (event.name.has_value()) AppendText("name", event.name->text(), out);
  AppendText("outcome", WordFor(event.outcome), out);
  if (!event.reason.empty()) AppendText("reason", event.reason, out);
  if (event.count != 1) AppendNumber("count", event.count, out);
  if (!event.scope.empty()) AppendText("scope", event.scope, out);
  if (event.caller.has_value()) AppendCaller(*event.caller, out);
  return out;
}

Audit::Audit(AuditSink& sink, const Clock& clock,
             std::function<void(const Status&)> on_change)
    : sink_(sink), clock_(clock), on_change_(std::move(on_change)) {}

void Audit::Record(const AuditEvent& event) {
  Write(event);
  if (!note_head_at_.has_value()) {
    note_head_at_ = clock_.Now() + kNoteHeadAfter;
  }
}

void Audit::RecordStop() {
  Write({.verb = "Agent.Stopped"});
  sink_.NoteHead();
}

void Audit::Write(const AuditEvent& event) {
  const WallTime now = clock_.WallNow();
  Status written;
  if (unsaid_ > 0) {
    AuditEvent lost{.verb = "Audit.Lost",
                    .outcome = AuditEvent::Outcome::kFailed,
                    .reason = "not_written",
                    .count = unsaid_};
    written = sink_.Append(AuditFields(lost, now));
    if (written.ok()) unsaid_ = 0;
  }
  if (written.ok()) written = sink_.Append(AuditFields(event, now));
  if (!written.ok()) {
    ++lost_;
    ++unsaid_;
  }
  const bool changed = written.ok() != writing_.ok();
  writing_ = std::move(written);
  if (changed) on_change_(writing_);
}

void Audit::RecordRefused(const Caller& caller) {
  if (refused_.has_value()) {
    ++refused_->count;
    return;
  }
  refused_ = AuditEvent{.verb = "Connection",
                        .caller = caller,
                        .outcome = AuditEvent::Outcome::kRefused,
                        .reason = "another_user"};
  if (!next_refused_.has_value() || *next_refused_ <= clock_.Now()) {
    FlushRefused();
  }
}

void Audit::FlushRefused() {
  Record(*std::exchange(refused_, std::nullopt));
  next_refused_ = clock_.Now() + kRefusedInterval;
}

std::optional<TimePoint> Audit::NextDeadline() const {
  if (!refused_.has_value()) return note_head_at_;
  return std::min(note_head_at_.value_or(*next_refused_), *next_refused_);
}

void Audit::Tick() {
  if (note_head_at_.has_value() && *note_head_at_ <= clock_.Now()) {
    note_head_at_.reset();
    sink_.NoteHead();
  }
  if (refused_.has_value() && *next_refused_ <= clock_.Now()) FlushRefused();
}

}  // namespace libretto
