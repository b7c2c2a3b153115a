#include "agent/os/logind.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <systemd/sd-bus.h>

namespace libretto {
namespace {

constexpr const char* kService = "org.freedesktop.login1";
constexpr const char* kPath = "/org/freedesktop/login1";
constexpr const char* kManager = "org.freedesktop.login1.Manager";
constexpr const char* kUser = "org.freedesktop.login1.User";
constexpr const char* kSession = "org.freedesktop.login1.Session";
// The caller's own, wherever it runs.
constexpr const char* kOwnUser = "/org/freedesktop/login1/user/self";

std::string SessionSignal(const char* interface, const char* member) {
  return std::string("type='signal',sender='") + kService +
         "',path_namespace='/org/freedesktop/login1/session',interface='" +
         interface + "',member='" + member + "'";
}

// Whether the changed properties of a session say that its screen is locked.
bool SaysLocked(sd_bus_message* message) {
  const char* interface = nullptr;
  if (sd_bus_message_read(message, "s", &interface) < 0 ||
      std::strcmp(interface, kSession) != 0 ||
      sd_bus_message_enter_container(message, 'a', "{sv}") < 0) {
    return false;
  }
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    const char* name = nullptr;
    if (sd_bus_message_read(message, "s", &name) < 0) return false;
    if (std::strcmp(name, "LockedHint") == 0) {
      int locked = 0;
      return sd_bus_message_read(message, "v", "b", &locked) > 0 && locked != 0;
    }
    if (sd_bus_message_skip(message, "v") < 0 ||
        sd_bus_message_exit_container(message) < 0) {
      return false;
    }
  }
  return false;
}

}  // namespace

struct Logind::Calls {
  static Logind& Of(void* self) { return *static_cast<Logind*>(self); }

  static int OnSleep(sd_bus_message* message, void* self, sd_bus_error*) {
    int now = 0;
    if (sd_bus_message_read(message, "b", &now) > 0) {
      Of(self).GoesToSleep(now != 0);
    }
    return 0;
  }

  static int OnSessions(sd_bus_message*, void* self, sd_bus_error*) {
    Of(self).AskForSessions();
    Of(self).AskForState();
    return 0;
  }

  static int OnLockSignal(sd_bus_message* message, void* self, sd_bus_error*) {
    Of(self).ScreenIsLocked(sd_bus_message_get_path(message));
    return 0;
  }

  static int OnProperties(sd_bus_message* message, void* self, sd_bus_error*) {
    if (SaysLocked(message)) {
      Of(self).ScreenIsLocked(sd_bus_message_get_path(message));
    }
    return 0;
  }

  static int OnInhibitor(sd_bus_message* message, void* self, sd_bus_error*) {
    int fd = -1;
    if (sd_bus_message_is_method_error(message, nullptr) > 0) {
      Of(self).Missed("it cannot hold the machine awake until it has locked",
                      sd_bus_message_get_error(message)->name);
    } else if (sd_bus_message_read(message, "h", &fd) > 0) {
      // The message keeps its own.
      Of(self).inhibitor_ = UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    }
    return 0;
  }

  static int OnSessionList(sd_bus_message* message, void* self, sd_bus_error*) {
    Logind& logind = Of(self);
    if (sd_bus_message_is_method_error(message, nullptr) > 0) {
      logind.answers_ = false;
      logind.Missed("logind does not answer",
                    sd_bus_message_get_error(message)->name);
      return 0;
    }
    if (!std::exchange(logind.answers_, true)) logind.missing_.clear();
    if (sd_bus_message_enter_container(message, 'a', "(susso)") < 0) return 0;
    logind.sessions_.clear();
    const char* id = nullptr;
    const char* name = nullptr;
    const char* seat = nullptr;
    const char* path = nullptr;
    std::uint32_t uid = 0;
    while (sd_bus_message_read(message, "(susso)", &id, &uid, &name, &seat,
                               &path) > 0) {
      if (uid == geteuid()) logind.sessions_.insert(path);
    }
    return 0;
  }

  static int OnState(sd_bus_message* message, void* self, sd_bus_error*) {
    const char* state = nullptr;
    if (sd_bus_message_is_method_error(message, nullptr) > 0) {
      // Once the last session is gone logind forgets the user.
      const bool gone = sd_bus_message_is_method_error(
                            message, SD_BUS_ERROR_UNKNOWN_OBJECT) > 0 ||
                        sd_bus_message_is_method_error(
                            message, "org.freedesktop.login1.NoSuchUser") > 0;
      if (gone) Of(self).StateIs("offline");
    } else if (sd_bus_message_read(message, "v", "s", &state) > 0) {
      Of(self).StateIs(state);
    }
    return 0;
  }
};

void Logind::Close::operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }

StatusOr<std::unique_ptr<Logind>> Logind::Open(const Clock& clock,
                                               OnLock on_lock) {
  sd_bus* bus = nullptr;
  const int opened = sd_bus_open_system(&bus);
  if (opened < 0) {
    return Offline("there is no system D-Bus: " +
                   Message(FromErrno(-opened, "its socket")));
  }
  std::unique_ptr<Logind> logind(new Logind(clock, std::move(on_lock), bus));
  if (Status subscribed = logind->Subscribe(); !subscribed.ok()) {
    return subscribed;
  }
  logind->TakeInhibitor();
  logind->AskForSessions();
  logind->AskForState();
  return logind;
}

Logind::Logind(const Clock& clock, OnLock on_lock, sd_bus* bus)
    : clock_(clock),
      on_lock_(std::move(on_lock)),
      bus_(bus),
      ask_at_(clock.Now() + kAskInterval) {}

Logind::~Logind() = default;

Status Logind::Subscribe() {
  sd_bus* const bus = bus_.get();
  int result = sd_bus_match_signal_async(bus, nullptr, kService, kPath,
                                         kManager, "PrepareForSleep",
                                         Calls::OnSleep, nullptr, this);
  for (const char* member : {"SessionNew", "SessionRemoved"}) {
    if (result < 0) break;
    result =
        sd_bus_match_signal_async(bus, nullptr, kService, kPath, kManager,
                                  member, Calls::OnSessions, nullptr, this);
  }
  if (result >= 0) {
    result = sd_bus_add_match_async(bus, nullptr,
                                    SessionSignal(kSession, "Lock").c_str(),
                                    Calls::OnLockSignal, nullptr, this);
  }
  if (result >= 0) {
    result = sd_bus_add_match_async(
        bus, nullptr,
        SessionSignal("org.freedesktop.DBus.Properties", "PropertiesChanged")
            .c_str(),
        Calls::OnProperties, nullptr, this);
  }
  if (result < 0) return FromErrno(-result, "cannot listen to logind");
  return OkStatus();
}

int Logind::fd() const { return sd_bus_get_fd(bus_.get()); }

bool Logind::Process() {
  int result = 1;
  while (result > 0) result = sd_bus_process(bus_.get(), nullptr);
  if (result == 0) return true;
  answers_ = false;
  inhibitor_.Reset();
  Missed("the connection to D-Bus has ended",
         Message(FromErrno(-result, "sd-bus")).c_str());
  bus_.reset();
  return false;
}

std::vector<std::string> Logind::active() const {
  if (!answers_) return {};
  return {"suspend", "screen lock", "end of the last session"};
}

std::string Logind::missing() const { return missing_; }

std::optional<TimePoint> Logind::NextDeadline() const {
  if (!answers_) return std::nullopt;
  return ask_at_;
}

void Logind::Tick() {
  if (!answers_ || clock_.Now() < ask_at_) return;
  ask_at_ = clock_.Now() + kAskInterval;
  AskForState();
}

void Logind::TakeInhibitor() {
  sd_bus_call_method_async(bus_.get(), nullptr, kService, kPath, kManager,
                           "Inhibit", Calls::OnInhibitor, this, "ssss", "sleep",
                           "libretto-agent", "Locks before the machine sleeps",
                           "delay");
}

void Logind::AskForSessions() {
  sd_bus_call_method_async(bus_.get(), nullptr, kService, kPath, kManager,
                           "ListSessions", Calls::OnSessionList, this, "");
}

void Logind::AskForState() {
  sd_bus_call_method_async(bus_.get(), nullptr, kService, kOwnUser,
                           "org.freedesktop.DBus.Properties", "Get",
                           Calls::OnState, this, "ss", kUser, "State");
}

void Logind::GoesToSleep(bool now) {
  if (!now) {
    if (!inhibitor_.valid()) TakeInhibitor();
    return;
  }
  on_lock_("the machine goes to sleep", [this] { inhibitor_.Reset(); });
}

void Logind::ScreenIsLocked(const char* session) {
  if (session == nullptr || sessions_.count(session) == 0) return;
  on_lock_("the screen was locked", [] {});
}

void Logind::StateIs(const std::string& state) {
  const bool present = state == "active" || state == "online";
  if (std::exchange(present_, present) && !present) {
    on_lock_("the last session has ended", [] {});
  }
}

void Logind::Missed(const char* what, const char* why) {
  missing_ = std::string(what) + ": " + (why == nullptr ? "unknown" : why);
}

}  // namespace libretto
