#include "agent/hardening.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "agent/os/sandbox.h"
#include "base/files.h"
#include "base/key_page.h"

namespace libretto {
namespace {

// Makes the folders that there are to be: a rule about one that is made later
// would come too late.
StatusOr<SandboxNeeds> NeedsOf(const Config& config, const Paths& paths) {
  SandboxNeeds needs;
  needs.folders = {paths.state_dir, ParentOf(paths.audit_log)};
  needs.socket_folders = {ParentOf(config.socket)};
  if (!config.metrics_socket.empty()) {
    needs.socket_folders.push_back(ParentOf(config.metrics_socket));
  }
  if (!config.log_file.empty()) needs.log_folder = ParentOf(config.log_file);
  needs.tcp_ports = config.cloud_ports;
  for (const auto& folders : {needs.folders, needs.socket_folders}) {
    for (const std::string& folder : folders) {
      Status made = EnsurePrivateDirectory(folder);
      if (!made.ok()) return made;
    }
  }
  return needs;
}

}  // namespace

StatusOr<Hardened> HardenAgent(const Config& config, const Paths& paths) {
  StatusOr<ExecutableReader> executables = ExecutableReader::Start();
  if (!executables.ok()) {
    spdlog::warn("callers' programs have no names reason=\"{}\"",
                 Message(executables.status()));
  }
  const StatusOr<KeyPage*> page =
      KeyPage::Prepare(config.secret_memory ? KeyPage::Memory::kSecret
                                            : KeyPage::Memory::kLocked);
  if (!page.ok()) return page.status();
  const StatusOr<SandboxNeeds> needs = NeedsOf(config, paths);
  if (!needs.ok()) return needs.status();
  StatusOr<Sandbox> sandbox = EnterSandbox(*needs);
  if (!sandbox.ok()) return sandbox.status();

  Hardening hardening;
  hardening.key_memory =
      (*page)->memory() == KeyPage::Memory::kSecret ? "memfd_secret" : "mlock";
  hardening.system_calls_filtered = sandbox->system_calls_filtered;
  hardening.landlock_abi = sandbox->landlock_abi;
  if (sandbox->tcp_ports_bound) hardening.cloud_ports = *config.cloud_ports;
  hardening.missing = std::move(sandbox->missing);
  if (config.cloud_ports.has_value() && !sandbox->tcp_ports_bound) {
    spdlog::warn("the setting cloud_ports has no effect");
  }
  if (!hardening.missing.empty()) {
    spdlog::warn("not confined as it could be reason=\"{}\"",
                 hardening.missing);
  }
  spdlog::info("hardened keys={} system_calls={} landlock_abi={}",
               hardening.key_memory, hardening.system_calls_filtered,
               hardening.landlock_abi);
  return Hardened{std::move(hardening), executables.ok()
                                            ? *std::move(executables)
                                            : ExecutableReader()};
}

}  // namespace libretto
