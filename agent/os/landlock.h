// Landlock: which files and TCP ports this process may still reach, by the
// kernel's own rules (landlock(7)). What no rule allows fails with EACCES, or
// EXDEV when it would rename into another folder. It cannot be undone.
//
// Before the first thread: it binds the calling thread and those that it makes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

class Landlock {
 public:
  enum class Access {
    kRead,        // of a file, or of the files below a folder by their names
    kReadAll,     // that, and what a folder contains
    kReadWrite,   // that, and writing, making and removing below the folder
    kAppend,      // writing, making and removing, but no reading
    kUseDevice,   // reading and writing of what is there
    kMakeSocket,  // of a folder: to see what it contains, sockets, folders
  };

  // What this kernel can do; 0 when it has no Landlock or does not let us.
  static int Abi();

  // Everything is refused but what is allowed further on. Nothing holds before
  // Enforce().
  //
  // `tcp_ports`: to which this process may connect; nothing: to all. Listening
  // is refused. `abstract_sockets`: whether those of other processes stay
  // reachable. REQUIRES: Abi() > 0.
  static StatusOr<Landlock> Make(
      const std::optional<std::vector<std::uint16_t>>& tcp_ports,
      bool abstract_sockets);

  // A path that is not there is passed over.
  Status Allow(const std::string& path, Access access);

  Status Enforce();

 private:
  Landlock(UniqueFd rules, std::uint64_t handled)
      : rules_(std::move(rules)), handled_(handled) {}

  UniqueFd rules_;
  std::uint64_t handled_;
};

}  // namespace libretto
