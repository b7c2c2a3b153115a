#include "agent/os/auth_watch.h"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace libretto {
namespace {

constexpr std::uint32_t kFileEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
constexpr std::uint32_t kFolderEvents = IN_CREATE | IN_ONLYDIR;
constexpr std::string_view kSessionFile = "auth.json";

}  // namespace

StatusOr<AuthWatch> AuthWatch::Open(const std::string& state_dir) {
  UniqueFd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify.valid() || inotify_add_watch(inotify.get(), state_dir.c_str(),
                                            kFileEvents | kFolderEvents) < 0) {
    return FromErrno(errno, "cannot watch " + state_dir);
  }
  AuthWatch watch(std::move(inotify), state_dir);
  watch.WatchProfiles();
  return watch;
}

void AuthWatch::WatchProfiles() {
  const std::string profiles = state_dir_ + "/profiles";
  // Adding a watch that is there already changes nothing.
  inotify_add_watch(inotify_.get(), profiles.c_str(), kFolderEvents);
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(profiles, ignored)) {
    inotify_add_watch(inotify_.get(), entry.path().c_str(),
                      kFileEvents | IN_ONLYDIR);
  }
}

bool AuthWatch::Drain() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool session_file = false;
  bool folder = false;
  ssize_t count = 0;
  while ((count = read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
    for (ssize_t at = 0; at < count;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      const char* const name = buffer.data() + at + sizeof(event);
      session_file = session_file || (event.mask & IN_Q_OVERFLOW) != 0 ||
                     (event.len > 0 && name == kSessionFile);
      folder = folder || (event.mask & IN_ISDIR) != 0;
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
  if (!folder) return session_file;
  // A file may have come into a new folder before the watch did.
  WatchProfiles();
  return true;
}

}  // namespace libretto
