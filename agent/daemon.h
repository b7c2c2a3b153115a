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
#include <thread>
#include <vector>

#include "agent/core/key_shield.h"
#include "agent/core/profiles.h"
#include "agent/net/listener.h"
#include "agent/net/loop.h"
#include "agent/os/auth_watch.h"
#include "agent/os/config.h"
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
  Daemon(const Config& config, const Paths& paths, Hardening hardening);
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
  void WatchSessions();
  void AwaitSignal();
  void BeginStop(Stopped stopped);
  void FinishStop();

  const Config config_;
  const std::string socket_path_;
  const std::string state_dir_;
  SystemClock clock_;
  Loop loop_;
  HttpClient http_;
  CloudApi api_;
  HttpCredentials credentials_;
  HttpKeys keys_;
  HttpAccounts accounts_;
  HttpOrganizations organizations_;
  ProfileFiles files_;
  Profiles profiles_;
  KeyShield key_shield_;
  Watchdog watchdog_;
  GrpcServer server_;
  std::unique_ptr<Listener> listener_;
  std::optional<AuthWatch> watch_;
  asio::signal_set signals_;
  asio::posix::stream_descriptor until_;
  asio::steady_timer stop_timer_;
  std::vector<Stopped> stopped_;
  bool stopping_ = false;
  bool finished_ = false;
  std::thread shutdown_;
};

}  // namespace libretto
