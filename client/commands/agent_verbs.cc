#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/credential_name.h"
#include "client/commands/connection.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"
#include "client/delivery/agent_process.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

constexpr unsigned kStopSeconds = 10;
constexpr std::size_t kMaxPathBytes = 4096;

// -s and -c, as ssh-agent has them: lines for a shell's eval.
class ShellLines {
 public:
  void Define(CLI::App& app) {
    CLI::Option* const bourne = app.add_flag(
        "-s", bourne_, "Print lines for the eval of sh, bash and zsh");
    app.add_flag("-c", csh_, "Print lines for the eval of csh and tcsh")
        ->excludes(bourne);
  }

  Status Check(const Context& context) const {
    if (!context.json || !wanted()) return OkStatus();
    return Invalid("--json and lines for a shell exclude each other");
  }

  bool wanted() const { return bourne_ || csh_; }

  std::string ForStart(const AgentStatus& status) const {
    const std::string socket = Quoted(status.socket);
    return (bourne_ ? "LIBRETTO_AGENT_SOCK=" + socket +
                          "; export LIBRETTO_AGENT_SOCK;\n"
                    : "setenv LIBRETTO_AGENT_SOCK " + socket + ";\n") +
           "echo Agent pid " + std::to_string(status.pid) + ";\n";
  }

  // `pid` is 0 when none ran.
  std::string ForStop(std::int64_t pid) const {
    std::string lines = bourne_ ? "unset LIBRETTO_AGENT_SOCK;\n"
                                : "unsetenv LIBRETTO_AGENT_SOCK;\n";
    if (pid != 0) {
      lines += "echo Agent pid " + std::to_string(pid) + " stopped;\n";
    }
    return lines;
  }

 private:
  // csh looks for '!' between single quotes too.
  std::string Quoted(std::string_view text) const {
    std::string quoted = "'";
    for (const char c : text) {
      if (c == '\'') {
        quoted += "'\\''";
      } else {
        if (csh_ && (c == '!' || c == '\n')) quoted += '\\';
        quoted += c;
      }
    }
    return quoted + "'";
  }

  bool bourne_ = false;
  bool csh_ = false;
};

class Start final : public Verb {
 public:
  void Define(CLI::App& app) override { lines_.Define(app); }

  Status Run(Context& context) override {
    Status usage = lines_.Check(context);
    if (!usage.ok()) return usage;
    const StatusOr<Paths> paths = context.GetPaths();
    if (!paths.ok()) return paths.status();
    StatusOr<Started> started =
        context.no_start ? Running(*paths, context.Caller())
                         : ConnectOrStart(*paths, AgentEnvironment::kInherited,
                                          context.Caller());
    if (!started.ok()) return started.status();
    const StatusOr<AgentStatus> status = started->agent.GetStatus();
    if (!status.ok()) return status.status();
    if (context.json) {
      return WriteOut(JsonObject()
                          .Text("socket", status->socket)
                          .Number("pid", status->pid)
                          .Flag("was_running", started->was_running)
                          .str() +
                      "\n");
    }
    if (started->was_running) {
      Note("The agent is already running, as process " +
           std::to_string(status->pid) + ".");
    }
    return WriteOut(lines_.wanted()
                        ? lines_.ForStart(*status)
                        : Printable(status->socket, kMaxPathBytes) + "\n");
  }

 private:
  static StatusOr<Started> Running(const Paths& paths, CallerContext caller) {
    StatusOr<AgentClient> agent = ConnectOnly(paths, std::move(caller));
    if (!agent.ok()) return agent.status();
    return Started{*std::move(agent), /*was_running=*/true};
  }

  ShellLines lines_;
};

class Stop final : public Verb {
 public:
  void Define(CLI::App& app) override { lines_.Define(app); }

  Status Run(Context& context) override {
    Status usage = lines_.Check(context);
    if (!usage.ok()) return usage;
    const StatusOr<Paths> paths = context.GetPaths();
    if (!paths.ok()) return paths.status();
    const StatusOr<std::int64_t> pid = TellToStop(*paths, context.Caller());
    if (IsNobodyListening(pid.status())) {
      if (context.json) return Print(0);
      Note("No agent is running.");
      return lines_.wanted() ? WriteOut(lines_.ForStop(0)) : OkStatus();
    }
    if (!pid.ok()) return pid.status();
    if (!WaitUntilAgentIsGone(*paths, kStopSeconds)) {
      return TooSlow("the agent, process " + std::to_string(*pid) +
                     ", has not ended within " + std::to_string(kStopSeconds) +
                     " s");
    }
    if (context.json) return Print(*pid);
    if (lines_.wanted()) return WriteOut(lines_.ForStop(*pid));
    Note("The agent has stopped.");
    return OkStatus();
  }

  // A slow end has nothing to do with the cloud.
  ExitCode CodeFor(const Status& status) const override {
    return status.code() == StatusCode::kDeadlineExceeded ? ExitCode::kFailed
                                                          : ExitCodeOf(status);
  }

 private:
  // The connection ends here: the agent might wait for that.
  static StatusOr<std::int64_t> TellToStop(const Paths& paths,
                                           CallerContext caller) {
    StatusOr<AgentClient> agent = ConnectOnly(paths, std::move(caller));
    if (!agent.ok()) return agent.status();
    return agent->Stop();
  }

  static Status Print(std::int64_t pid) {
    JsonObject json;
    if (pid == 0) {
      json.Raw("pid", "null");
    } else {
      json.Number("pid", pid);
    }
    return WriteOut(json.Flag("was_running", pid != 0).str() + "\n");
  }

  ShellLines lines_;
};

std::string_view SessionWord(AgentStatus::Session session) {
  switch (session) {
    case AgentStatus::Session::kSignedIn:
      return "signed_in";
    case AgentStatus::Session::kEnded:
      return "ended";
    case AgentStatus::Session::kApiKey:
      return "api_key";
    default:
      return "signed_out";
  }
}

std::string_view KeyWord(AgentStatus::Key key) {
  switch (key) {
    case AgentStatus::Key::kLeased:
      return "leased";
    case AgentStatus::Key::kFromEnvironment:
      return "environment";
    default:
      return "none";
  }
}

class ShowStatus final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<Paths> paths = context.GetPaths();
    if (!paths.ok()) return paths.status();
    // To ask whether there is an agent must not make one.
    StatusOr<AgentClient> agent = ConnectOnly(*paths, context.Caller());
    if (!agent.ok()) return agent.status();
    const StatusOr<AgentStatus> status = agent->GetStatus();
    if (!status.ok()) return status.status();
    return WriteOut(context.json ? Json(*status) + "\n" : Human(*status));
  }

 private:
  static std::string Json(const AgentStatus& status) {
    return JsonObject()
        .Text("version", status.version)
        .Number("pid", status.pid)
        .Text("socket", status.socket)
        .Number("uptime_s", status.uptime_s)
        .Text("session", SessionWord(status.session))
        .TextOrNull("email", status.email)
        .TextOrNull("api_url", status.api_url)
        .Text("key", KeyWord(status.key))
        .Number("key_expires_unix_s", status.key_expires_unix_s)
        .Number("credentials", status.credentials)
        .Number("cached", status.cached)
        .Number("hits", status.hits)
        .Number("misses", status.misses)
        .Number("last_sync_unix_s", status.last_sync_unix_s)
        .Number("offline_since_unix_s", status.offline_since_unix_s)
        .Number("connections", status.connections)
        .Number("resident_bytes", status.resident_bytes)
        .Text("key_memory", status.key_memory)
        .Flag("system_calls_filtered", status.system_calls_filtered)
        .Number("landlock_abi", status.landlock_abi)
        .Raw("cloud_ports", "[" + Ports(status) + "]")
        .TextOrNull("not_confined_because", status.not_confined_because)
        .str();
  }

  static std::string SessionText(const AgentStatus& status) {
    switch (status.session) {
      case AgentStatus::Session::kSignedIn:
        return "logged in as " + status.email;
      case AgentStatus::Session::kEnded:
        return "ended by the cloud; log in again";
      case AgentStatus::Session::kApiKey:
        return "none; LIBRETTO_API_KEY";
      default:
        return "not logged in";
    }
  }

  static std::string KeyText(const AgentStatus& status, std::int64_t now) {
    if (status.key == AgentStatus::Key::kNone) return "none yet";
    std::string text =
        status.key == AgentStatus::Key::kLeased ? "leased" : "given by hand";
    if (status.key_expires_unix_s > now) {
      text += ", expires in " + Duration(status.key_expires_unix_s - now);
    }
    return text;
  }

  static std::string Ports(const AgentStatus& status) {
    std::string ports;
    for (const std::int64_t port : status.cloud_ports) {
      if (!ports.empty()) ports += ", ";
      ports += std::to_string(port);
    }
    return ports;
  }

  static std::string SandboxText(const AgentStatus& status) {
    std::string text;
    const auto add = [&text](std::string_view part) {
      if (!text.empty()) text += ", ";
      text += part;
    };
    if (status.system_calls_filtered) add("system calls filtered");
    if (status.landlock_abi > 0) {
      add("files confined (Landlock ABI " +
          std::to_string(status.landlock_abi) + ")");
    }
    if (!status.cloud_ports.empty()) add("TCP ports " + Ports(status));
    if (!status.not_confined_because.empty()) add(status.not_confined_because);
    return text;
  }

  static std::string KeyMemoryText(const AgentStatus& status) {
    return status.key_memory == "memfd_secret"
               ? "in memory that not even root reads (memfd_secret), shielded"
               : "in locked memory (mlock), shielded";
  }

  static std::string Human(const AgentStatus& status) {
    const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                                 SystemClock().WallNow().time_since_epoch())
                                 .count();
    const auto ago = [now](std::int64_t then) {
      return Duration(std::max<std::int64_t>(0, now - then)) + " ago";
    };
    constexpr std::int64_t kMiB = 1 << 20;
    std::vector<std::vector<std::string>> rows = {
        {"agent", status.version + ", process " + std::to_string(status.pid) +
                      ", up " + Duration(status.uptime_s)},
        {"socket", status.socket},
        {"session", SessionText(status)},
        {"cloud", status.api_url.empty() ? "-" : status.api_url},
        {"API key", KeyText(status, now)},
        {"credentials", std::to_string(status.credentials) + " known, " +
                            std::to_string(status.cached) + " in memory"},
        {"reads", std::to_string(status.hits) + " from memory, " +
                      std::to_string(status.misses) + " from the cloud"},
        {"last sync",
         status.last_sync_unix_s == 0 ? "never" : ago(status.last_sync_unix_s)},
        {"connections", std::to_string(status.connections)},
        {"memory", std::to_string(status.resident_bytes / kMiB) + " MiB"},
        {"keys", KeyMemoryText(status)},
        {"sandbox", SandboxText(status)},
    };
    if (status.offline_since_unix_s != 0) {
      rows.push_back({"offline", "since " + ago(status.offline_since_unix_s)});
    }
    for (auto& row : rows) row[1] = Printable(row[1], kMaxPathBytes);
    return Columns(rows);
  }
};

class Sync final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const bool alive = isatty(STDERR_FILENO) == 1;
    const StatusOr<SyncProgress> end =
        (*agent)->Sync([alive](const SyncProgress& progress) {
          if (alive) WriteErr("\r" + Bar(progress));
        });
    if (alive) WriteErr("\r\x1b[K");
    if (!end.ok()) return end.status();
    if (context.json) {
      return WriteOut(JsonObject()
                          .Number("known", end->known)
                          .Number("fetched", end->done)
                          .Number("dropped", end->dropped)
                          .str() +
                      "\n");
    }
    return WriteOut(
        "In step with the cloud: " + Count(end->known, "credential") + ", " +
        std::to_string(end->done) + " fetched, " +
        std::to_string(end->dropped) + " dropped.\n");
  }

 private:
  static std::string Bar(const SyncProgress& progress) {
    constexpr std::int64_t kWidth = 30;
    const std::int64_t total = std::max<std::int64_t>(1, progress.total);
    const std::int64_t filled =
        std::clamp<std::int64_t>(progress.done * kWidth / total, 0, kWidth);
    std::string bar(static_cast<std::size_t>(filled), '#');
    bar.resize(kWidth, '.');
    return "[" + bar + "] " + std::to_string(progress.done) + "/" +
           std::to_string(progress.total);
  }
};

}  // namespace

std::unique_ptr<Verb> MakeAgentStart() { return std::make_unique<Start>(); }
std::unique_ptr<Verb> MakeAgentStop() { return std::make_unique<Stop>(); }
std::unique_ptr<Verb> MakeAgentStatus() {
  return std::make_unique<ShowStatus>();
}
std::unique_ptr<Verb> MakeAgentSync() { return std::make_unique<Sync>(); }

}  // namespace libretto
