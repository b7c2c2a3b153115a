// `agent sync`: the agent's memory in step with the cloud, with a bar on a
// terminal and a line for each tenth elsewhere.
#include <unistd.h>

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

class ProgressReport {
 public:
  void Show(const SyncProgress& progress) {
    if (on_terminal_) {
      // What is behind the cursor is of a longer line before.
      WriteErr("\r" + Bar(progress) + "\x1b[K");
    } else {
      PrintLines(progress);
    }
  }
  void Clear() const {
    if (on_terminal_) WriteErr("\r\x1b[K");
  }

 private:
  static std::string Pause(const SyncProgress& progress) {
    return "the cloud cannot be asked for " + Duration(progress.wait_s);
  }

  static std::string Bar(const SyncProgress& progress) {
    constexpr std::int64_t kWidth = 30;
    const std::int64_t total = std::max<std::int64_t>(1, progress.total);
    const std::int64_t filled =
        std::clamp<std::int64_t>(progress.done * kWidth / total, 0, kWidth);
    std::string bar(static_cast<std::size_t>(filled), '#');
    bar.resize(kWidth, '.');
    bar = "[" + bar + "] " + std::to_string(progress.done) + "/" +
          std::to_string(progress.total);
    return progress.wait_s == 0 ? bar : bar + "  " + Pause(progress);
  }

  void PrintLines(const SyncProgress& progress) {
    if (progress.wait_s != 0) return Note("librettoctl: " + Pause(progress));
    // So few are there at once.
    constexpr std::int64_t kFew = 20;
    if (progress.total < kFew) return;
    const std::int64_t tenths = progress.done * 10 / progress.total;
    if (tenths == tenths_) return;
    tenths_ = tenths;
    Note("librettoctl: fetched " + std::to_string(progress.done) + " of " +
         std::to_string(progress.total));
  }

  const bool on_terminal_ = isatty(STDERR_FILENO) == 1;
  std::int64_t tenths_ = -1;
};

class Sync final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    ProgressReport report;
    const StatusOr<SyncProgress> end = (*agent)->Sync(
        [&report](const SyncProgress& progress) { report.Show(progress); });
    report.Clear();
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
};

}  // namespace

std::unique_ptr<Verb> MakeAgentSync() { return std::make_unique<Sync>(); }

}  // namespace libretto
