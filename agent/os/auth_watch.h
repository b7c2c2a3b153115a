// AuthWatch: tells when a session file under ~/.libretto may have changed: a
// login or logout by the public `libretto` command, or by hand. inotify(7) on
// the folders, because the files are replaced by renaming.
//
// Not thread-safe.
#pragma once

#include <string>

#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

class AuthWatch {
 public:
  static StatusOr<AuthWatch> Open(const std::string& state_dir);

  // Becomes readable when there is something for Drain().
  int fd() const { return inotify_.get(); }

  // Takes what has happened; true when a session file was in it. Watches the
  // folders of profiles that have come meanwhile.
  bool Drain();

 private:
  AuthWatch(UniqueFd inotify, std::string state_dir)
      : inotify_(std::move(inotify)), state_dir_(std::move(state_dir)) {}

  void WatchProfiles();

  UniqueFd inotify_;
  std::string state_dir_;
};

}  // namespace libretto
