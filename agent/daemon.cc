#include "agent/daemon.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "agent/call_log.h"
#include "agent/core/metrics_page.h"
#include "agent/net/caller_process.h"
#include "agent/net/readable.h"
#include "base/notify_systemd.h"

namespace libretto {
namespace {

// How long the stop waits for the leased key to be revoked; what is not
// revoked by then is in the journal, and the next lease sweeps it.
constexpr std::chrono::seconds kRevokeTimeout{2};
// How long calls in flight get to end by themselves.
constexpr std::chrono::milliseconds kCallGrace{500};
constexpr std::size_t kMaxMetricsConnections = 8;

std::int64_t ResidentBytes() {
  std::int64_t pages = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

void LogAuditChange(const Status& writing) {
  if (writing.ok()) {
    spdlog::info("the audit log is being written again");
  } else {
    spdlog::error("the audit log is not being written reason=\"{}\"",
                  Message(writing));
  }
}

AuditPaths AuditPathsFrom(const Paths& paths) {
  return {paths.audit_log, paths.audit_key, paths.audit_head};
}

ProfileOptions OptionsFrom(const Config& config) {
  ProfileOptions options;
  options.sync = {config.sync_interval,
                  std::max(config.sync_interval, config.idle_sync_interval)};
  options.max_offline = config.max_offline;
  options.cache = {config.cache_max_values, config.cache_max_mib << 20};
  return options;
}

ConnectionLimits LimitsFrom(const Config& config) {
  ConnectionLimits limits;
  limits.frames.idle = config.idle_timeout;
  return limits;
}

}  // namespace

Daemon::Daemon(const Config& config, const Paths& paths, HttpOptions http,
               Hardened hardened)
    : config_(config),
      socket_path_(config.socket.empty() ? paths.socket : config.socket),
      state_dir_(paths.state_dir),
      audit_file_(AuditPathsFrom(paths), config_.audit_file_bytes, clock_),
      audit_(audit_file_, clock_, LogAuditChange),
      loop_(clock_),
      http_(loop_, std::move(http)),
      api_(http_),
      credentials_(api_),
      keys_(api_),
      accounts_(api_),
      organizations_(api_),
      worker_(loop_),
      files_(state_dir_, sealing_, worker_),
      storage_(files_, audit_),
      profiles_(OptionsFrom(config_),
                {credentials_, keys_, accounts_, organizations_}, storage_,
                clock_),
      executables_(std::move(hardened.executables)),
      key_shield_(KeyPage::Get(), clock_),
      watchdog_(clock_),
      scope_listeners_(
          loop_, socket_path_, server_,
          [this](int connection, const Caller& caller) {
            NoteRefused(connection, caller);
          },
          [this](ScopeId id) { scopes_.ProcessEnded(id); }),
      scopes_(scope_listeners_, clock_),
      lock_files_(state_dir_, files_),
      lock_(sealing_, profiles_, lock_files_, worker_, clock_,
            {.idle = config_.idle_lock},
            {.end_cloud_calls = [this] { http_.Abort(); },
             .on_locked =
                 [this](std::string_view because) { NoteLocked(because); },
             .revoke_scopes = [this] { scopes_.EndAll(); }}),
      server_(
          loop_.context(), loop_, profiles_, scopes_, lock_, clock_,
          Facts(std::move(hardened.facts)),
          [this](const CallRecord& call) { NoteCall(call); },
          LimitsFrom(config_),
          [this](int connection, pid_t pid) {
            return ProcessOf(connection, pid);
          },
          [this](const Caller& caller, const Status& why) {
            provoked_.Cut(caller, why);
          }),
      metrics_(loop_.context(), "text/plain; version=0.0.4; charset=utf-8",
               [this] { return Metrics(); }),
      signals_(loop_.context(), SIGTERM, SIGINT, SIGUSR1),
      until_(loop_.context()),
      stop_timer_(loop_.context()) {
  loop_.Add(profiles_);
  loop_.Add(key_shield_);
  loop_.Add(watchdog_);
  loop_.Add(scopes_);
  loop_.Add(lock_);
  loop_.Add(audit_);
  loop_.OnResume([this] {
    spdlog::info("resumed from sleep");
    profiles_.HurryAll();
  });
  if (const Status started = lock_.Start(); !started.ok()) {
    spdlog::warn("lock reason=\"{}\"", Message(started));
  }
}

Daemon::~Daemon() = default;

ProcessFacts Daemon::Facts(Hardening hardening) {
  return {LIBRETTO_VERSION,
          socket_path_,
          std::move(hardening),
          started_,
          [this] { return server_.Connections(0); },
          ResidentBytes,
          [this] { return Triggers(); },
          [this](Stopped stopped) { BeginStop(std::move(stopped)); },
          [this] { return audit_.state(); }};
}

void Daemon::NoteCall(const CallRecord& call) {
  LogCall(call);
  auto event = AuditEventOf(call);
  if (!event.has_value()) return;
  if (call.caller.scope != 0) {
    const Scope* const scope = scopes_.Find(call.caller.scope);
    event->scope = scope == nullptr ? "(ended)" : scope->request().name;
  }
  audit_.Record(*event);
}

void Daemon::NoteRefused(int connection, Caller caller) {
  if (looks_at_strangers_.Spend(1, clock_.Now())) {
    caller.process = ProcessOf(connection, caller.pid);
  }
  provoked_.Refused(caller);
  audit_.RecordRefused(caller);
}

void Daemon::NoteLocked(std::string_view because) {
  spdlog::info("locked because=\"{}\"", because);
  audit_.Record({.verb = "Agent.Locked"});
}

// One line of the agent's own log, which may be kept by somebody else, says
// what the chain has to look like.
void Daemon::NoteAuditHead(std::string_view when) {
  const AuditHead head = audit_file_.head();
  spdlog::info("audit {} record={} tag={}", when, head.sequence,
               AuditHex(head.tag));
}

void Daemon::UseApiKey(ApiKey key) {
  if (lock_.enrolled()) {
    spdlog::warn(
        "LIBRETTO_API_KEY not used reason=\"a passphrase is enrolled, "
        "and the agent starts locked\"");
    return;
  }
  profiles_.Default().session.UseApiKey(std::move(key));
}

CallerProcess Daemon::ProcessOf(int connection, pid_t pid) {
  return ProcessBehind(connection, pid, [this](pid_t process) {
    const bool asked = executables_.Ask(process);
    return [this, asked] { return asked ? executables_.Answer() : ""; };
  });
}

std::string Daemon::Metrics() {
  return MetricsPage(
      profiles_, clock_,
      {LIBRETTO_VERSION, started_, server_.Connections(0), ResidentBytes()});
}

Status Daemon::ListenForMetrics() {
  if (config_.metrics_socket.empty()) return OkStatus();
  SocketConfig socket{config_.metrics_socket, kMaxMetricsConnections};
  StatusOr<std::unique_ptr<Listener>> listener =
      Listener::Open(loop_.context(), std::move(socket), metrics_,
                     [this](int connection, const Caller& caller) {
                       NoteRefused(connection, caller);
                     });
  if (!listener.ok()) return Annotate(listener.status(), "metrics socket");
  metrics_listener_ = *std::move(listener);
  spdlog::info("listening metrics_socket={}", config_.metrics_socket);
  return OkStatus();
}

Status Daemon::Listen(UniqueFd activated) {
  if (IsScopeSocket(socket_path_)) {
    return WithRemedy(
        Denied(socket_path_ + " is the name of a scope's socket; an agent that "
                              "listened there would reach everything"),
        "unset LIBRETTO_AGENT_SOCK");
  }
  const auto refused = [this](int connection, const Caller& caller) {
    NoteRefused(connection, caller);
  };
  const SocketConfig socket{socket_path_, config_.max_connections};
  StatusOr<std::unique_ptr<Listener>> listener =
      activated.valid()
          ? Listener::TakeOver(loop_.context(), socket, std::move(activated),
                               server_, refused)
          : Listener::Open(loop_.context(), socket, server_, refused);
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  scope_listeners_.Sweep();
  audit_.Record({.verb = "Agent.Started"});
  NoteAuditHead("begins");
  spdlog::info("listening socket={} version={} pid={}", socket_path_,
               LIBRETTO_VERSION, getpid());
  if (Status metrics = ListenForMetrics(); !metrics.ok()) return metrics;
  WatchSessions();
  WatchDesktop();
  if (lock_.locked()) return OkStatus();
  const Status loaded = profiles_.Default().accounts.Load();
  if (!loaded.ok()) spdlog::warn("session reason=\"{}\"", Message(loaded));
  return OkStatus();
}

void Daemon::WatchSessions() {
  StatusOr<AuthWatch> watch = AuthWatch::Open(state_dir_);
  if (!watch.ok()) {
    spdlog::warn("logins elsewhere are not seen reason=\"{}\"",
                 Message(watch.status()));
    return;
  }
  watch_ = *std::move(watch);
  loop_.Watch(watch_->fd(), [this] {
    if (watch_->Drain()) profiles_.Reload();
    return true;
  });
}

void Daemon::WatchDesktop() {
  StatusOr<std::unique_ptr<Logind>> logind = Logind::Open(
      clock_,
      [this](const char* because, absl::AnyInvocable<void() &&> locked) {
        LockBecause(because, std::move(locked));
      });
  if (!logind.ok()) {
    spdlog::info("not locked by the desktop reason=\"{}\"",
                 Message(logind.status()));
    return;
  }
  logind_ = *std::move(logind);
  loop_.Add(*logind_);
  if (!logind_->Process()) return;
  loop_.Watch(logind_->fd(), [this] { return logind_->Process(); });
}

void Daemon::LockBecause(const char* because,
                         absl::AnyInvocable<void() &&> released) {
  (void)lock_.LockNow(because,
                      [released = std::move(released)](const Status&) mutable {
                        std::move(released)();
                      });
}

LockTriggers Daemon::Triggers() const {
  if (logind_ == nullptr) return {{}, "there is no system D-Bus"};
  return {logind_->active(), logind_->missing()};
}

void Daemon::StopWhenReadable(UniqueFd fd) {
  until_.assign(fd.Release());
  AwaitUntil();
}

void Daemon::AwaitUntil() {
  until_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const asio::error_code& error) {
                      if (error) return;
                      if (!IsReadable(until_.native_handle())) {
                        return AwaitUntil();
                      }
                      spdlog::info("stopping because=\"the command ended\"");
                      BeginStop([] {});
                    });
}

void Daemon::Run() {
  AwaitSignal();
  loop_.Run();
  audit_.RecordStop();
  NoteAuditHead("ends");
  spdlog::info("stopped");
}

void Daemon::AwaitSignal() {
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGUSR1) {
      LockBecause("of SIGUSR1", [] {});
      return AwaitSignal();
    }
    spdlog::info("stopping signal={}", signal);
    if (stopping_) _exit(EXIT_FAILURE);  // asked twice: at once, then
    AwaitSignal();
    BeginStop([] {});
  });
}

void Daemon::BeginStop(Stopped stopped) {
  // One who asks again after that would wait for ever, and the stop for them.
  if (finished_) return std::move(stopped)();
  stopped_.push_back(std::move(stopped));
  if (std::exchange(stopping_, true)) return;
  NotifySystemd("STOPPING=1");
  listener_->Close();
  scopes_.EndAll();
  if (metrics_listener_ != nullptr) metrics_listener_->Close();
  stop_timer_.expires_after(kRevokeTimeout);
  stop_timer_.async_wait([this](const asio::error_code& error) {
    if (!error) FinishStop();
  });
  profiles_.ReleaseKeys([this](const Status& released) {
    if (!released.ok()) {
      spdlog::warn("key not revoked reason=\"{}\"", Message(released));
    }
    FinishStop();
  });
  profiles_.SaveSnapshots();
}

void Daemon::FinishStop() {
  if (std::exchange(finished_, true)) return;
  stop_timer_.cancel();
  for (Stopped& stopped : std::exchange(stopped_, {})) std::move(stopped)();
  // From here on every call of the cloud fails at once, so every handler ends.
  http_.Stop();
  lock_.Stop();
  server_.Shutdown(kCallGrace,
                   [this] { loop_.Post([this] { loop_.Stop(); }); });
}

}  // namespace libretto
