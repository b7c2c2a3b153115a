#include "agent/daemon.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "agent/call_log.h"

namespace libretto {
namespace {

// How long the stop waits for the leased key to be revoked; what is not
// revoked by then is in the journal, and the next lease sweeps it.
constexpr std::chrono::seconds kRevokeTimeout{2};
// How long calls in flight get to end by themselves.
constexpr std::chrono::milliseconds kCallGrace{500};

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
  options.sync_interval = config.sync_interval;
  options.max_offline = config.max_offline;
  return options;
}

ConnectionLimits LimitsFrom(const Config& config) {
  ConnectionLimits limits;
  limits.idle = config.idle_timeout;
  return limits;
}

}  // namespace

Daemon::Daemon(const Config& config, const Paths& paths)
    : config_(config),
      socket_path_(config.socket.empty() ? paths.socket : config.socket),
      state_dir_(paths.state_dir),
      audit_file_(AuditPathsFrom(paths), config_.audit_file_bytes, clock_),
      audit_(audit_file_, clock_, LogAuditChange),
      loop_(clock_),
      http_(loop_, HttpOptions()),
      api_(http_),
      credentials_(api_),
      keys_(api_),
      accounts_(api_),
      organizations_(api_),
      files_(state_dir_),
      storage_(files_, audit_),
      profiles_(OptionsFrom(config_),
                {credentials_, keys_, accounts_, organizations_}, storage_,
                clock_),
      server_(
          loop_, profiles_, clock_, Facts(),
          [this](const CallRecord& call) { NoteCall(call); },
          LimitsFrom(config_)),
      signals_(loop_.context(), SIGTERM, SIGINT),
      until_(loop_.context()),
      stop_timer_(loop_.context()) {
  loop_.Add(profiles_);
  loop_.Add(audit_);
}

Daemon::~Daemon() {
  if (shutdown_.joinable()) shutdown_.join();
}

ProcessFacts Daemon::Facts() {
  return {LIBRETTO_VERSION,
          socket_path_,
          clock_.Now(),
          [this] { return listener_->connections(); },
          ResidentBytes,
          [this](Stopped stopped) { BeginStop(std::move(stopped)); },
          [this] { return audit_.state(); }};
}

void Daemon::NoteCall(const CallRecord& call) {
  LogCall(call);
  if (const auto event = AuditEventOf(call)) audit_.Record(*event);
}

// One line of the agent's own log, which may be kept by somebody else, says
// what the chain has to look like.
void Daemon::NoteAuditHead(std::string_view when) {
  const AuditHead head = audit_file_.head();
  spdlog::info("audit {} record={} tag={}", when, head.sequence,
               AuditHex(head.tag));
}

void Daemon::UseApiKey(ApiKey key) {
  profiles_.Default().session.UseApiKey(std::move(key));
}

Status Daemon::Listen() {
  StatusOr<std::unique_ptr<Listener>> listener = Listener::Open(
      loop_.context(), {socket_path_, config_.max_connections},
      [this](UniqueFd connection, Caller caller) {
        server_.Adopt(std::move(connection), caller);
      },
      [this](const Caller& caller) {
        LogRefused(caller);
        audit_.RecordRefused(caller);
      });
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  audit_.Record({.verb = "Agent.Started"});
  NoteAuditHead("begins");
  spdlog::info("listening socket={} version={} pid={}", socket_path_,
               LIBRETTO_VERSION, getpid());
  WatchSessions();
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
  });
}

void Daemon::StopWhenReadable(UniqueFd fd) {
  until_.assign(fd.Release());
  until_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const asio::error_code& error) {
                      if (error) return;
                      spdlog::info("stopping because=\"the command ended\"");
                      BeginStop([] {});
                    });
}

void Daemon::Run() {
  AwaitSignal();
  loop_.Run();
  shutdown_.join();
  audit_.RecordStop();
  NoteAuditHead("ends");
  spdlog::info("stopped");
}

void Daemon::AwaitSignal() {
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
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
  listener_->Close();
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
}

void Daemon::FinishStop() {
  if (std::exchange(finished_, true)) return;
  stop_timer_.cancel();
  for (Stopped& stopped : std::exchange(stopped_, {})) std::move(stopped)();
  // From here on every call of the cloud fails at once, so every handler ends.
  http_.Stop();
  // The loop has to go on turning while gRPC waits for the handlers.
  shutdown_ = std::thread([this] {
    server_.Shutdown(kCallGrace);
    // After what gRPC's last callbacks have posted.
    loop_.Post([this] { loop_.Stop(); });
  });
}

}  // namespace libretto
