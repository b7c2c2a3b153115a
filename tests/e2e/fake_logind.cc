// Stands in for logind on a bus of a test's own. Reads commands from standard
// input, one on a line, and says on standard output what the agent did:
//   sleep, wake           PrepareForSleep
//   lock, hint            the session's Lock signal; its LockedHint
//   lock-of-another       the Lock signal of another user's session
//   end                   the session ends: User.State is "closing", and
//                         SessionRemoved comes
//   -> "inhibited", "released"
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

#include <systemd/sd-bus.h>

namespace {

constexpr const char* kPath = "/org/freedesktop/login1";
constexpr const char* kManager = "org.freedesktop.login1.Manager";
constexpr const char* kSession = "/org/freedesktop/login1/session/_31";
constexpr const char* kOthersSession = "/org/freedesktop/login1/session/_32";
constexpr const char* kSessionInterface = "org.freedesktop.login1.Session";

struct Fake {
  std::string state = "active";
  int held = -1;  // readable when the agent has closed its end
};

void Say(const char* what) {
  std::puts(what);
  std::fflush(stdout);
}

int OnInhibit(sd_bus_message* message, void* data, sd_bus_error*) {
  const char* what = nullptr;
  const char* who = nullptr;
  const char* why = nullptr;
  const char* mode = nullptr;
  const int read =
      sd_bus_message_read(message, "ssss", &what, &who, &why, &mode);
  if (read < 0) return read;
  if (std::string(what) != "sleep" || std::string(mode) != "delay") {
    return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_INVALID_ARGS,
                                      "not what was expected");
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  static_cast<Fake*>(data)->held = ends[0];
  const int sent = sd_bus_reply_method_return(message, "h", ends[1]);
  close(ends[1]);
  Say("inhibited");
  return sent;
}

int OnListSessions(sd_bus_message* message, void* data, sd_bus_error*) {
  sd_bus_message* reply = nullptr;
  sd_bus_message_new_method_return(message, &reply);
  sd_bus_message_open_container(reply, 'a', "(susso)");
  if (static_cast<Fake*>(data)->state == "active") {
    sd_bus_message_append(reply, "(susso)", "1", std::uint32_t{geteuid()},
                          "casey", "seat0", kSession);
  }
  sd_bus_message_append(reply, "(susso)", "2", std::uint32_t{geteuid() + 1},
                        "other", "seat0", kOthersSession);
  sd_bus_message_close_container(reply);
  const int sent = sd_bus_send(nullptr, reply, nullptr);
  sd_bus_message_unref(reply);
  return sent;
}

int GetState(sd_bus*, const char*, const char*, const char*,
             sd_bus_message* reply, void* data, sd_bus_error*) {
  return sd_bus_message_append(reply, "s",
                               static_cast<Fake*>(data)->state.c_str());
}

const std::array<sd_bus_vtable, 4> kManagerTable = {{
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", OnInhibit,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("ListSessions", "", "a(susso)", OnListSessions,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
}};
const std::array<sd_bus_vtable, 3> kUserTable = {{
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("State", "s", GetState, 0, 0),
    SD_BUS_VTABLE_END,
}};

void Hint(sd_bus* bus) {
  sd_bus_message* signal = nullptr;
  sd_bus_message_new_signal(bus, &signal, kSession,
                            "org.freedesktop.DBus.Properties",
                            "PropertiesChanged");
  // One that the agent does not care about goes first.
  sd_bus_message_append(signal, "sa{sv}as", kSessionInterface, 2, "IdleHint",
                        "b", 1, "LockedHint", "b", 1, 0);
  sd_bus_send(bus, signal, nullptr);
  sd_bus_message_unref(signal);
}

void Obey(sd_bus* bus, Fake& fake, const std::string& command) {
  if (command == "sleep" || command == "wake") {
    sd_bus_emit_signal(bus, kPath, kManager, "PrepareForSleep", "b",
                       command == "sleep" ? 1 : 0);
  } else if (command == "lock") {
    sd_bus_emit_signal(bus, kSession, kSessionInterface, "Lock", "");
  } else if (command == "lock-of-another") {
    sd_bus_emit_signal(bus, kOthersSession, kSessionInterface, "Lock", "");
  } else if (command == "hint") {
    Hint(bus);
  } else if (command == "end") {
    fake.state = "closing";
    sd_bus_emit_signal(bus, kPath, kManager, "SessionRemoved", "so", "1",
                       kSession);
  }
  sd_bus_flush(bus);
}

// False at the end of the commands.
bool ReadCommands(sd_bus* bus, Fake& fake, std::string& line) {
  std::array<char, 256> buffer{};
  const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count <= 0) return false;
  for (ssize_t i = 0; i < count; ++i) {
    const char c = buffer.at(static_cast<std::size_t>(i));
    if (c != '\n') {
      line += c;
      continue;
    }
    Obey(bus, fake, line);
    line.clear();
  }
  return true;
}

}  // namespace

int main() {
  sd_bus* bus = nullptr;
  Fake fake;
  if (sd_bus_open_system(&bus) < 0 ||
      sd_bus_add_object_vtable(bus, nullptr, kPath, kManager,
                               kManagerTable.data(), &fake) < 0 ||
      sd_bus_add_object_vtable(
          bus, nullptr, "/org/freedesktop/login1/user/self",
          "org.freedesktop.login1.User", kUserTable.data(), &fake) < 0 ||
      sd_bus_request_name(bus, "org.freedesktop.login1", 0) < 0) {
    return 1;
  }
  Say("ready");
  std::string line;
  for (;;) {
    while (sd_bus_process(bus, nullptr) > 0) {
    }
    std::array<pollfd, 3> wait = {{{sd_bus_get_fd(bus), POLLIN, 0},
                                   {STDIN_FILENO, POLLIN, 0},
                                   {fake.held, POLLIN, 0}}};
    if (poll(wait.data(), wait.size(), -1) < 0) return 1;
    if (fake.held >= 0 && wait[2].revents != 0) {
      close(fake.held);
      fake.held = -1;
      Say("released");
    }
    if (wait[1].revents != 0 && !ReadCommands(bus, fake, line)) break;
  }
  sd_bus_flush_close_unref(bus);
  return 0;
}
