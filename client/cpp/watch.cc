#include "client/cpp/watch.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "client/cpp/agent_connection.h"
#include "client/cpp/to_agent_error.h"

namespace libretto {
namespace {

constexpr std::chrono::milliseconds kFirstPause(500);
constexpr std::chrono::milliseconds kLongestPause(30'000);

bool IsSame(const std::optional<SecretBytes>& a,
            const std::optional<SecretBytes>& b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() == b.has_value();
  return a->Equals(*b);
}

}  // namespace

Watch::Watch(std::vector<std::string> names,
             const std::function<void(CredentialChange)>& on_change,
             std::stop_token stop)
    : names_(std::move(names)),
      on_change_(on_change),
      stop_(std::move(stop)),
      pause_(kFirstPause) {}

std::optional<AgentError> Watch::Run() {
  while (!stop_.stop_requested()) {
    const Status over = Follow();
    if (thrown_ != nullptr) std::rethrow_exception(thrown_);
    if (stop_.stop_requested()) break;
    const bool passes =
        over.ok() || (settled_ && over.code() == StatusCode::kUnavailable);
    if (!passes) return ToAgentError(over);
    Pause();
  }
  return std::nullopt;
}

Status Watch::Follow() {
  StatusOr<AgentConnection> open = AgentConnection::Open();
  if (!open.ok()) return open.status();
  const std::stop_callback interrupt(stop_, [&open] { open->Interrupt(); });
  return open->agent().Watch(names_, [this, &open](WatchEvent event) {
    if (thrown_ != nullptr || stop_.stop_requested()) return;
    pause_ = kFirstPause;
    // What it throws must not cross the C code that calls this.
    try {
      Report(std::move(event));
    } catch (...) {
      thrown_ = std::current_exception();
      open->Interrupt();
    }
  });
}

void Watch::Report(WatchEvent event) {
  if (event.kind == WatchEvent::Kind::kSettled) {
    settled_ = true;
    return;
  }
  std::optional<SecretBytes> now;
  if (event.kind == WatchEvent::Kind::kValue) now = std::move(event.value);
  const auto known = known_.find(event.name);
  if (known != known_.end() && IsSame(known->second, now)) return;
  CredentialChange change{.name = event.name, .value = std::nullopt};
  if (now.has_value()) change.value.emplace(now->Clone());
  known_.insert_or_assign(std::move(event.name), std::move(now));
  on_change_(std::move(change));
}

void Watch::Pause() {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop_, pause_,
                                         [] { return false; });
  pause_ = std::min(2 * pause_, kLongestPause);
}

}  // namespace libretto
