#include "agent/daemon.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "base/credential_name.h"
#include "base/notify_systemd.h"

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

void LogCall(const CallRecord& call) {
  // A read that went well is an everyday event; what failed is news.
  const auto level =
      call.status.ok() ? spdlog::level::debug : spdlog::level::info;
  if (!spdlog::should_log(level)) return;
  spdlog::log(level, "call method={} name={} uid={} pid={} outcome={} us={}",
              call.method, call.name.empty() ? "-" : Printable(call.name),
              call.caller.uid, call.caller.pid,
              absl::StatusCodeToString(call.status.code()), call.took.count());
}

void LogRefused(Caller caller) {
  spdlog::warn("refused uid={} pid={} reason=\"another user\"", caller.uid,
               caller.pid);
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

Daemon::Daemon(const Config& config, const Paths& paths, Hardening hardening)
    : config_(config),
      socket_path_(config.socket.empty() ? paths.socket : config.socket),
      state_dir_(paths.state_dir),
      loop_(clock_),
      http_(loop_, HttpOptions()),
      api_(http_),
      credentials_(api_),
      keys_(api_),
      accounts_(api_),
      organizations_(api_),
      files_(state_dir_),
      profiles_(OptionsFrom(config_),
                {credentials_, keys_, accounts_, organizations_}, files_,
                clock_),
      key_shield_(KeyPage::Get(), clock_),
      watchdog_(clock_),
      server_(loop_, profiles_, clock_, Facts(std::move(hardening)), LogCall,
              LimitsFrom(config_)),
      signals_(loop_.context(), SIGTERM, SIGINT),
      until_(loop_.context()),
      stop_timer_(loop_.context()) {
  loop_.Add(profiles_);
  loop_.Add(key_shield_);
  loop_.Add(watchdog_);
}

Daemon::~Daemon() {
  if (shutdown_.joinable()) shutdown_.join();
}

ProcessFacts Daemon::Facts(Hardening hardening) {
  return {LIBRETTO_VERSION,
          socket_path_,
          std::move(hardening),
          clock_.Now(),
          [this] { return listener_->connections(); },
          ResidentBytes,
          [this](Stopped stopped) { BeginStop(std::move(stopped)); }};
}

void Daemon::UseApiKey(ApiKey key) {
  profiles_.Default().session.UseApiKey(std::move(key));
}

Status Daemon::Listen(UniqueFd activated) {
  const auto adopt = [this](UniqueFd connection, Caller caller) {
    server_.Adopt(std::move(connection), caller);
  };
  const SocketConfig socket{socket_path_, config_.max_connections};
  StatusOr<std::unique_ptr<Listener>> listener =
      activated.valid()
          ? Listener::TakeOver(loop_.context(), socket, std::move(activated),
                               adopt, LogRefused)
          : Listener::Open(loop_.context(), socket, adopt, LogRefused);
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
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
  NotifySystemd("STOPPING=1");
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
