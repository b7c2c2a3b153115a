// Logind: what the system says of this user's sessions, over the system D-Bus
// (sd-bus): the machine goes to sleep, a session's screen is locked, the last
// session has ended. The machine sleeps only after the agent has locked,
// because a delay inhibitor holds it until then.
//
// Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/unique_fd.h"

struct sd_bus;
struct sd_bus_message;

namespace libretto {

class Logind final : public Ticker {
 public:
  // `locked` is to be called when the agent has locked or will not.
  using OnLock = std::function<void(const char* because,
                                    absl::AnyInvocable<void() &&> locked)>;

  // logind sends no signal for a session that is over but for what it left
  // running, and this agent may be what it left: so it is asked.
  static constexpr std::chrono::seconds kAskInterval{60};

  // Offline() where there is no system D-Bus.
  static StatusOr<std::unique_ptr<Logind>> Open(const Clock& clock,
                                                OnLock on_lock);
  ~Logind() override;
  Logind(const Logind&) = delete;
  Logind& operator=(const Logind&) = delete;

  // Becomes readable when there is something for Process(), which returns
  // false when there never will be again.
  int fd() const;
  bool Process();

  // What locks the agent, in words, and why the rest does not.
  std::vector<std::string> active() const;
  std::string missing() const;

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  struct Close {
    void operator()(sd_bus* bus) const;
  };
  // What sd-bus calls back; the void* is this object.
  struct Calls;

  Logind(const Clock& clock, OnLock on_lock, sd_bus* bus);

  Status Subscribe();
  void TakeInhibitor();
  void AskForSessions();
  void AskForState();
  void GoesToSleep(bool now);
  void ScreenIsLocked(const char* session);
  void StateIs(const std::string& state);
  void Missed(const char* what, const char* why);

  const Clock& clock_;
  const OnLock on_lock_;
  std::unique_ptr<sd_bus, Close> bus_;
  UniqueFd inhibitor_;
  bool answers_ = false;            // logind is there
  bool present_ = false;            // the user has a session that is not over
  std::set<std::string> sessions_;  // of this user, by D-Bus path
  std::string missing_ = "logind has not answered yet";
  TimePoint ask_at_;
};

}  // namespace libretto
