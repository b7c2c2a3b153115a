// Daemon: the agent's objects, wired to each other, from the start to a clean
// stop. With main.cc the only place that knows every class.
//
// The construction order is the proof of lifetime: what is above outlives what
// is below.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/call_log.h"
#include "agent/core/audit.h"
#include "agent/core/audited_storage.h"
#include "agent/core/key_shield.h"
#include "agent/core/lock.h"
#include "agent/core/profiles.h"
#include "agent/core/scopes.h"
#include "agent/core/sealing.h"
#include "agent/hardening.h"
#include "agent/net/listener.h"
#include "agent/net/loop.h"
#include "agent/net/page_server.h"
#include "agent/net/scope_listeners.h"
#include "agent/net/worker_thread.h"
#include "agent/os/audit_file.h"
#include "agent/os/auth_watch.h"
#include "agent/os/config.h"
#include "agent/os/lock_files.h"
#include "agent/os/logind.h"
#include "agent/os/profile_files.h"
#include "agent/os/systemd.h"
#include "agent/remote/http_accounts.h"
#include "agent/remote/http_client.h"
#include "agent/remote/http_credentials.h"
#include "agent/remote/http_keys.h"
#include "agent/remote/http_organizations.h"
#include "agent/rpc/grpc_server.h"
#include "base/paths.h"

namespace libretto {

class Daemon {
 public:
  Daemon(const Config& config, const Paths& paths, HttpOptions http,
         Hardened hardened);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Acts for this key instead of for a stored session.
  void UseApiKey(ApiKey key);

  // From its return on the socket accepts: the one that systemd has handed
  // over, when there is one.
  Status Listen(UniqueFd activated = UniqueFd());

  const std::string& socket_path() const { return socket_path_; }

  // Stops when `fd` becomes readable: a pidfd, when its process has ended.
  void StopWhenReadable(UniqueFd fd);

  // Serves until a signal, Agent.Stop or that ends it.
  void Run();

 private:
  using Stopped = absl::AnyInvocable<void() &&>;

  ProcessFacts Facts(Hardening hardening);
  CallerProcess ProcessOf(int connection, pid_t pid);
  std::string Metrics();
  Status ListenForMetrics();
  void NoteCall(const CallRecord& call);
  void NoteRefused(int connection, Caller caller);
  void NoteLocked(std::string_view because);
  void NoteAuditHead(std::string_view when);
  void WatchSessions();
  void WatchDesktop();
  void LockBecause(const char* because, absl::AnyInvocable<void() &&> released);
  LockTriggers Triggers() const;
  void AwaitSignal();
  void AwaitUntil();
  void BeginStop(Stopped stopped);
  void FinishStop();

  const Config config_;
  const std::string socket_path_;
  const std::string state_dir_;
  SystemClock clock_;
  const TimePoint started_ = clock_.Now();
  ProvokedLines provoked_{clock_};
  Allowance looks_at_strangers_{20, 1, started_};
  AuditFile audit_file_;
  Audit audit_;
  Loop loop_;
  HttpClient http_;
  CloudApi api_;
  HttpCredentials credentials_;
  HttpKeys keys_;
  HttpAccounts accounts_;
  HttpOrganizations organizations_;
  Sealing sealing_;
  WorkerThread worker_;
  ProfileFiles files_;
  AuditedStorage storage_;
  Profiles profiles_;
  ExecutableReader executables_;
  KeyShield key_shield_;
  Watchdog watchdog_;
  ScopeListeners scope_listeners_;
  Scopes scopes_;
  LockFiles lock_files_;
  Lock lock_;
  GrpcServer server_;
  PageServer metrics_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Listener> metrics_listener_;
  std::optional<AuthWatch> watch_;
  std::unique_ptr<Logind> logind_;
  asio::signal_set signals_;
  asio::posix::stream_descriptor until_;
  asio::steady_timer stop_timer_;
  std::vector<Stopped> stopped_;
  bool stopping_ = false;
  bool finished_ = false;
};

}  // namespace libretto
