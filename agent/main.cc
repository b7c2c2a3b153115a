// libretto-agent: the command line, and what has to come before everything
// else.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "agent/daemon.h"
#include "agent/hardening.h"
#include "agent/os/command.h"
#include "agent/os/config.h"
#include "agent/os/instance_lock.h"
#include "agent/os/log.h"
#include "agent/os/readiness.h"
#include "agent/os/systemd.h"
#include "agent/remote/api_url.h"
#include "agent/remote/http_trust.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/process.h"

namespace libretto {
namespace {

// client/exit_codes.h has the same numbers.
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;

// The usual limit of 1024 would be used up by the scopes and connections that
// there may be.
constexpr rlim_t kDescriptors = 8192;

struct Flags {
  std::string config_file;
  std::string socket;
  std::string log_file;
  std::string log_level;
  std::string ca_file;
  std::string metrics_socket;
  std::string idle_lock;
  int ready_fd = -1;
  int until_fd = -1;
  bool socket_activation = false;
  bool require_unreadable = false;
};

// The variable's trimmed value. It is overwritten where it lay, so that it does
// not stay in the process for good.
SecretBytes TakeVariable(const char* name) {
  char* const value = getenv(name);
  if (value == nullptr) return {};
  std::string_view text(value);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  SecretBytes taken =
      first == std::string_view::npos
          ? SecretBytes()
          : SecretBytes::CopyOf(text.substr(first, last - first + 1));
  explicit_bzero(value, text.size());
  unsetenv(name);
  return taken;
}

StatusOr<Config> Configure(const Flags& flags, const Paths& paths) {
  StatusOr<Config> config = LoadConfig(
      flags.config_file.empty() ? paths.config_file : flags.config_file);
  if (!config.ok()) return config;
  if (!flags.socket.empty()) config->socket = flags.socket;
  if (!flags.log_file.empty()) config->log_file = flags.log_file;
  if (!flags.log_level.empty()) config->log_level = flags.log_level;
  if (!flags.ca_file.empty()) config->ca_file = flags.ca_file;
  if (!flags.metrics_socket.empty()) {
    config->metrics_socket = flags.metrics_socket;
  }
  if (!flags.log_file.empty() && flags.log_file.front() != '/') {
    return Invalid("--log-file: not an absolute path");
  }
  if (!flags.idle_lock.empty()) {
    const auto idle = ParseDuration(flags.idle_lock);
    if (!idle.ok()) return Annotate(idle.status(), "--idle-lock");
    config->idle_lock = *idle;
  }
  Status level = CheckLogLevel(config->log_level);
  if (!level.ok()) return level;
  return config;
}

// How the cloud is reached.
StatusOr<HttpOptions> HttpOptionsFrom(const Config& config) {
  HttpOptions options;
  if (!config.proxy.empty()) {
    Status proxy = CheckProxyUrl(config.proxy);
    if (!proxy.ok()) return proxy;
    options.proxy = config.proxy;
  }
  if (!config.ca_file.empty()) {
    StatusOr<std::string> certificates = ReadCertificates(config.ca_file);
    if (!certificates.ok()) return certificates.status();
    options.ca_pem = *std::move(certificates);
  }
  return options;
}

Status Serve(const Flags& flags, Readiness& readiness) {
  StatusOr<Paths> paths = PathsFromEnvironment();
  if (!paths.ok()) return paths.status();
  StatusOr<Config> config = Configure(flags, *paths);
  if (!config.ok()) return config.status();
  StatusOr<HttpOptions> http = HttpOptionsFrom(*config);
  if (!http.ok()) return http.status();
  if (Status made = EnsurePrivateDirectory(paths->state_dir); !made.ok()) {
    return made;
  }
  // The environment's socket wins over the file's, a flag over both.
  if (paths->socket_is_explicit && flags.socket.empty()) {
    config->socket = paths->socket;
  }
  ActivatedSocket activated;
  if (flags.socket_activation) {
    StatusOr<ActivatedSocket> taken = TakeActivatedSocket();
    if (!taken.ok()) return taken.status();
    activated = *std::move(taken);
    config->socket = activated.path;
  } else if (config->socket.empty()) {
    config->socket = paths->socket;
  }
  if (Status valid = CheckSocketPath(config->socket); !valid.ok()) return valid;
  const StatusOr<InstanceLock> lock = InstanceLock::Acquire(paths->lock_file);
  if (!lock.ok()) return lock.status();
  if (Status log = StartLog(config->log_level, config->log_file); !log.ok()) {
    return log;
  }

  StatusOr<Hardened> hardened = HardenAgent(*config, *paths);
  if (!hardened.ok()) return hardened.status();
  SecretBytes api_key = TakeVariable("LIBRETTO_API_KEY");
  const SecretBytes api_url = TakeVariable("LIBRETTO_API_URL");
  Daemon daemon(*config, *paths, *std::move(http), *std::move(hardened));
  if (!api_key.empty()) {
    daemon.UseApiKey({api_url.empty() ? std::string(kHostedService)
                                      : std::string(api_url.Reveal()),
                      std::move(api_key)});
  }
  if (Status listening = daemon.Listen(std::move(activated.fd));
      !listening.ok()) {
    return listening;
  }
  if (Status announced = lock->Announce(daemon.socket_path());
      !announced.ok()) {
    return announced;
  }
  if (flags.until_fd >= 0) daemon.StopWhenReadable(UniqueFd(flags.until_fd));
  readiness.Ready();
  daemon.Run();
  return OkStatus();
}

// Whether the same user's processes could read this one from its start, before
// it says itself that they must not. Asked first thing in main().
Status CheckUnreadable(bool was_dumpable) {
  if (!was_dumpable || geteuid() == 0) return OkStatus();
  const std::string program = OwnProgram();
  return WithRemedy(
      Denied("other programs of this user could read the memory of this one, "
             "because its file is readable"),
      "sudo chown root: " + program + " && sudo chmod 0711 " + program);
}

void DefineFlags(CLI::App& app, Flags& flags) {
  app.add_option("--socket", flags.socket,
                 "Listen here (default: $LIBRETTO_AGENT_SOCK, else "
                 "$XDG_RUNTIME_DIR/libretto/agent.sock, else "
                 "~/.libretto/run/agent.sock)");
  app.add_option("--config", flags.config_file,
                 "Read the settings from this file (default: "
                 "$XDG_CONFIG_HOME/libretto/agent.toml)");
  app.add_option("--log-file", flags.log_file,
                 "Log to this file (default: standard error)");
  app.add_option("--log-level", flags.log_level,
                 "trace, debug, info, warn, error or off (default: info)");
  app.add_option("--ca-file", flags.ca_file,
                 "Trust servers that these certificates (PEM) vouch for, "
                 "instead of the system's CAs");
  app.add_option("--metrics-socket", flags.metrics_socket,
                 "Answer HTTP on this further socket with a page of metrics "
                 "for Prometheus (default: none)");
  app.add_option("--idle-lock", flags.idle_lock,
                 "Lock when no caller has needed the session for so long, "
                 "e.g. 30m (default: never; needs an enrolled passphrase)");
  app.add_option("--ready-fd", flags.ready_fd,
                 "Write \"ready\" to this descriptor when the socket accepts, "
                 "or why it never will");
  app.add_option("--until-fd", flags.until_fd,
                 "Stop when this descriptor becomes readable, as a pidfd does "
                 "when its process ends");
  app.add_flag("--socket-activation", flags.socket_activation,
               "Listen on the socket that systemd hands over")
      ->excludes("--socket");
  app.add_flag("--require-unreadable", flags.require_unreadable,
               "Refuse to run where this program's file can be read by its "
               "user: the kernel would let others read its memory then");
}

void PrintError(const Status& status) {
  std::fprintf(stderr, "libretto-agent: %s\n", Message(status).c_str());
  const std::string remedy = Remedy(status);
  if (!remedy.empty()) std::fprintf(stderr, "  try: %s\n", remedy.c_str());
}

void AllowDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur =
      std::max(limit.rlim_cur, std::min(kDescriptors, limit.rlim_max));
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Main(int argc, char** argv, bool was_dumpable) {
  umask(0077);
  AllowDescriptors();
  std::signal(SIGPIPE, SIG_IGN);

  Flags flags;
  CLI::App app(
      "Holds the login and the credentials of one user, and serves them over "
      "a Unix socket to librettoctl and to workflows. `libretto-agent "
      "COMMAND ...` runs a command with an agent that ends with it.");
  app.set_version_flag("--version", LIBRETTO_VERSION);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App* /*app*/, const CLI::Error& error) {
    return std::string("libretto-agent: ") + error.what() +
           "\n  try: libretto-agent --help\n";
  });
  CLI::App* const serve =
      app.add_subcommand("serve",
                         "Serve until SIGTERM or `librettoctl agent "
                         "stop`");
  DefineFlags(*serve, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }

  // Whatever this process was started with: nothing of it reaches a program
  // that is started from here.
  close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
  Readiness readiness{UniqueFd(flags.ready_fd)};
  Status served =
      flags.require_unreadable ? CheckUnreadable(was_dumpable) : OkStatus();
  if (served.ok()) served = Serve(flags, readiness);
  if (served.ok()) return 0;
  readiness.Failed(served);
  PrintError(served);
  return kExitFailed;
}

// `libretto-agent CMD...`, with "--" before a CMD that is a word of ours.
char** CommandIn(int argc, char** argv) {
  if (argc < 2) return nullptr;
  const std::string_view first(argv[1]);
  if (first == "--") return argc > 2 ? argv + 2 : nullptr;
  return first == "serve" || first.starts_with('-') ? nullptr : argv + 1;
}

int BecomeCommand(char** command) {
  const StatusOr<Paths> paths = PathsFromEnvironment();
  if (!paths.ok()) {
    PrintError(paths.status());
    return kExitUsage;
  }
  const CommandFailure failure = RunWithAgent(command, *paths);
  PrintError(failure.why);
  return failure.exit_code;
}

}  // namespace
}  // namespace libretto

int main(int argc, char** argv) {
  if (argc < 1) return libretto::kExitUsage;
  // 1 means yes; see CheckUnreadable().
  const bool was_dumpable = prctl(PR_GET_DUMPABLE) == 1;
  try {
    // The command is to find this process as it is, before it is hardened.
    char** const command = libretto::CommandIn(argc, argv);
    if (command != nullptr) return libretto::BecomeCommand(command);
    libretto::EnsureCleanLoad(argv);
    libretto::HardenProcess();
    return libretto::Main(argc, argv, was_dumpable);
  } catch (const std::exception&) {
    // Not its text: it may quote what was being worked on.
    std::fputs("libretto-agent: out of memory or an internal error\n", stderr);
  } catch (...) {
    std::fputs("libretto-agent: an internal error\n", stderr);
  }
  return libretto::kExitFailed;
}
