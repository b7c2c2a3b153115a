// The agent's sandbox: what remains allowed to this process once it has read
// its settings. Its own folders, what TLS and name resolution read, sockets;
// no other program, no other file.
//
// Before the first thread, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"

namespace libretto {

struct SandboxNeeds {
  std::vector<std::string> folders;         // read and written; have to exist
  std::vector<std::string> socket_folders;  // sockets are made there
  std::string log_folder;                   // empty: standard error
  // TCP ports that may be connected to; nothing: all. Needs Landlock ABI 4.
  std::optional<std::vector<std::uint16_t>> tcp_ports;
};

// What holds, as the kernel said when it was asked.
struct Sandbox {
  bool system_calls_filtered = false;
  int landlock_abi = 0;          // 0: files are not confined
  bool tcp_ports_bound = false;  // to SandboxNeeds::tcp_ports

  // What this kernel cannot do, in words; empty when nothing is missing.
  std::string missing;
};

// Confines this process as far as the kernel can; what it cannot do is in the
// result. Fails when it should and does not.
StatusOr<Sandbox> EnterSandbox(const SandboxNeeds& needs);

}  // namespace libretto
