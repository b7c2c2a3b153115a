#include "client/commands/change_watch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <utility>

#include "client/commands/output.h"
#include "client/commands/pause.h"

namespace libretto {
namespace {

using Values = std::map<std::string, SecretBytes>;

constexpr std::chrono::milliseconds kFirstPause(500);
constexpr std::chrono::milliseconds kLongestPause(30'000);

// Whether the agent will not say anything else another time.
bool IsFinal(const Status& status) {
  return status.code() == StatusCode::kInvalidArgument ||
         status.code() == StatusCode::kPermissionDenied ||
         status.code() == StatusCode::kUnimplemented;
}

// In the other process, for as long as it lives.
[[noreturn]] void WatchForEver(const Context& context, Values values,
                               int changes) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  auto pause = kFirstPause;
  const auto on_event = [&](WatchEvent event) {
    pause = kFirstPause;
    if (event.kind != WatchEvent::Kind::kValue) return;
    SecretBytes& known = values[event.name];
    if (known.Equals(event.value)) return;
    known = std::move(event.value);
    (void)!write(changes, "", 1);
  };
  // The connection ends with the stream: none is held while this waits.
  const auto watch = [&]() -> Status {
    StatusOr<AgentClient> agent = context.Connect();
    return agent.ok() ? agent->Watch(names, on_event) : agent.status();
  };
  for (;;) {
    const Status over = watch();
    if (IsFinal(over)) {
      PrintError(Annotate(over, "changes of credentials go unnoticed"));
      _exit(1);
    }
    Pause(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace

StatusOr<ChangeWatch> ChangeWatch::Start(const Context& context,
                                         const std::vector<Delivered>& known) {
  Values values;
  for (const Delivered& credential : known) {
    values.insert_or_assign(credential.name.text(), credential.value.Clone());
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return FromErrno(errno, "cannot make a pipe");
  }
  UniqueFd changes(ends[0]);
  const UniqueFd report_to(ends[1]);
  const pid_t us = getpid();
  const pid_t process = fork();
  if (process < 0) return FromErrno(errno, "cannot start a process");
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // What a terminal sends is not for it, and no output waits for it.
    if (getppid() != us || setsid() < 0) _exit(1);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    WatchForEver(context, std::move(values), report_to.get());
  }
  return ChangeWatch(std::move(changes), process);
}

ChangeWatch::ChangeWatch(UniqueFd changes, pid_t process)
    : changes_(std::move(changes)), process_(process) {}

ChangeWatch::ChangeWatch(ChangeWatch&& other) noexcept
    : changes_(std::move(other.changes_)),
      process_(std::exchange(other.process_, -1)) {}

ChangeWatch::~ChangeWatch() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ChangeWatch::Take() const {
  std::array<char, 64> many{};
  while (read(changes_.get(), many.data(), many.size()) > 0) {
  }
}

}  // namespace libretto
