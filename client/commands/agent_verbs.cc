#include <algorithm>
#include <chrono>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/credential_name.h"
#include "client/commands/connection.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/shell_lines.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"
#include "client/delivery/agent_process.h"
#include "client/delivery/trimmed_variable.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

constexpr unsigned kStopSeconds = 10;
constexpr std::size_t kMaxPathBytes = 4096;

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
      if (!TrimmedVariable("LIBRETTO_API_KEY").empty()) {
        Note(
            "It keeps the login it has: LIBRETTO_API_KEY is for an agent that "
            "is started with it.");
      }
    }
    return WriteOut(
        lines_.wanted()
            ? lines_.Set(status->socket) +
                  ShellLines::Say("Agent pid " + std::to_string(status->pid))
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
      return lines_.wanted() ? WriteOut(lines_.Unset()) : OkStatus();
    }
    if (!pid.ok()) return pid.status();
    if (!WaitUntilAgentIsGone(*paths, kStopSeconds)) {
      return TooSlow("the agent, process " + std::to_string(*pid) +
                     ", has not ended within " + std::to_string(kStopSeconds) +
                     " s");
    }
    if (context.json) return Print(*pid);
    if (lines_.wanted()) {
      return WriteOut(
          lines_.Unset() +
          ShellLines::Say("Agent pid " + std::to_string(*pid) + " stopped"));
    }
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
    case AgentStatus::Session::kLocked:
      return "locked";
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

std::string_view CloudWord(AgentStatus::Cloud cloud) {
  switch (cloud) {
    case AgentStatus::Cloud::kFailing:
      return "failing";
    case AgentStatus::Cloud::kAsksToWait:
      return "asks_to_wait";
    case AgentStatus::Cloud::kProbed:
      return "probed";
    default:
      return "asked";
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
        .Number("scopes", status.scopes)
        .Number("next_sync_unix_s", status.next_sync_unix_s)
        .Number("cached_bytes", status.cached_bytes)
        .Number("max_cached", status.max_cached)
        .Number("max_cached_bytes", status.max_cached_bytes)
        .Text("requests", CloudWord(status.cloud))
        .Number("retry_unix_s", status.retry_unix_s)
        .Flag("enrolled", status.enrolled)
        .TextOrNull("locked_because", status.locked_because)
        .Number("idle_lock_s", status.idle_lock_s)
        .Raw("locks_on", JsonArray(status.locks_on))
        .TextOrNull("locks_not_on", status.locks_not_on)
        .Number("audit_records",
                static_cast<std::int64_t>(status.audit_records))
        .Number("audit_lost", static_cast<std::int64_t>(status.audit_lost))
        .TextOrNull("audit_problem", status.audit_problem)
        .Text("key_memory", status.key_memory)
        .Flag("system_calls_filtered", status.system_calls_filtered)
        .Number("landlock_abi", status.landlock_abi)
        .Raw("cloud_ports", "[" + Ports(status) + "]")
        .TextOrNull("not_confined_because", status.not_confined_because)
        .str();
  }

  static std::string Kibibytes(std::int64_t bytes) {
    return std::to_string((bytes + 1023) / 1024) + " KiB";
  }

  static std::string SessionText(const AgentStatus& status) {
    switch (status.session) {
      case AgentStatus::Session::kSignedIn:
        return "logged in as " + status.email;
      case AgentStatus::Session::kEnded:
        return "ended by the cloud; log in again";
      case AgentStatus::Session::kApiKey:
        return "none; LIBRETTO_API_KEY";
      case AgentStatus::Session::kLocked:
        return "locked, because " + status.locked_because;
      default:
        return "not logged in";
    }
  }

  // What locks it by itself.
  static std::string LockText(const AgentStatus& status) {
    if (!status.enrolled) return "no passphrase is enrolled";
    std::string text;
    if (status.idle_lock_s != 0) {
      text = "when idle for " + Duration(status.idle_lock_s);
    }
    for (const std::string& trigger : status.locks_on) {
      text += (text.empty() ? "on " : ", ") + trigger;
    }
    if (text.empty()) text = "only when told to";
    if (!status.locks_not_on.empty()) text += "; " + status.locks_not_on;
    return text;
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

  // Nothing while requests go out as they should.
  static std::string RequestsText(const AgentStatus& status, std::int64_t now) {
    const std::string next =
        "next try in " +
        Duration(std::max<std::int64_t>(0, status.retry_unix_s - now));
    switch (status.cloud) {
      case AgentStatus::Cloud::kFailing:
        return "held back, the cloud fails; " + next;
      case AgentStatus::Cloud::kAsksToWait:
        return "held back, the cloud asks to wait; " + next;
      case AgentStatus::Cloud::kProbed:
        return "held back, the cloud is being tried";
      default:
        return "";
    }
  }

  static std::string AuditText(const AgentStatus& status) {
    std::string text =
        Count(static_cast<std::int64_t>(status.audit_records), "record");
    if (status.audit_lost > 0) {
      text += ", " + std::to_string(status.audit_lost) + " lost";
    }
    if (!status.audit_problem.empty()) {
      text += "; cannot be written: " + status.audit_problem;
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
        {"locks", LockText(status)},
        {"cloud", status.api_url.empty() ? "-" : status.api_url},
        {"API key", KeyText(status, now)},
        {"credentials", std::to_string(status.credentials) + " known, " +
                            std::to_string(status.cached) + " in memory (" +
                            Kibibytes(status.cached_bytes) + ")"},
        {"reads", std::to_string(status.hits) + " from memory, " +
                      std::to_string(status.misses) + " from the cloud"},
        {"last sync",
         status.last_sync_unix_s == 0 ? "never" : ago(status.last_sync_unix_s)},
        {"next sync", status.next_sync_unix_s == 0
                          ? "when somebody asks for something"
                          : "in " + Duration(std::max<std::int64_t>(
                                        0, status.next_sync_unix_s - now))},
        {"connections", std::to_string(status.connections)},
        {"scopes", std::to_string(status.scopes)},
        {"memory", std::to_string(status.resident_bytes / kMiB) + " MiB"},
        {"audit", AuditText(status)},
        {"keys", KeyMemoryText(status)},
        {"sandbox", SandboxText(status)},
    };
    if (const std::string held = RequestsText(status, now); !held.empty()) {
      rows.push_back({"requests", held});
    }
    if (status.offline_since_unix_s != 0) {
      rows.push_back({"offline", "since " + ago(status.offline_since_unix_s)});
    }
    for (auto& row : rows) row[1] = Printable(row[1], kMaxPathBytes);
    return Columns(rows);
  }
};

}  // namespace

std::unique_ptr<Verb> MakeAgentStart() { return std::make_unique<Start>(); }
std::unique_ptr<Verb> MakeAgentStop() { return std::make_unique<Stop>(); }
std::unique_ptr<Verb> MakeAgentStatus() {
  return std::make_unique<ShowStatus>();
}

}  // namespace libretto
