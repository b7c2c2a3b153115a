#include "client/commands/run_supervised.h"

#include <string.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "client/commands/change_watch.h"
#include "client/commands/output.h"
#include "client/delivery/masker.h"
#include "client/delivery/supervisor.h"

namespace libretto {
namespace {

// How long a command may take to end before it is killed for a restart.
constexpr std::chrono::seconds kGrace(10);
// Credentials that change together are one change.
constexpr std::chrono::milliseconds kSettling(100);

// What a shell writes behind SIG; zero for no signal that can be caught.
int SignalNamed(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number) {
    const char* const known = sigabbrev_np(number);
    if (known == nullptr || name != known) continue;
    return number == SIGKILL || number == SIGSTOP ? 0 : number;
  }
  return 0;
}

class SupervisedRun {
 public:
  SupervisedRun(const Supervision& supervision, Context& context,
                const Gatherer& gatherer, Delivery deliver, Handover handover)
      : supervision_(supervision),
        context_(context),
        gatherer_(gatherer),
        deliver_(deliver),
        handover_(std::move(handover)) {}

  Status Run() {
    context_.Disconnect();
    if (supervision_.mask) NameWhatIsTooShort();
    if (supervision_.on_change.act != OnChange::Act::kNothing) {
      StatusOr<ChangeWatch> watch =
          ChangeWatch::Start(context_, handover_.credentials);
      if (!watch.ok()) return watch.status();
      watch_.emplace(*std::move(watch));
    }
    signals_.emplace();
    for (;;) {
      Status started = Start();
      if (!started.ok()) {
        signals_->GiveBack();
        return started;
      }
      const std::optional<int> ended = UntilItEndsOrRestarts();
      if (!ended.has_value()) continue;
      watch_.reset();
      command_->EndAsItDid(*ended);
    }
  }

 private:
  Status Start() {
    if (supervision_.mask) {
      // What was masked before stays so: it may still be printed.
      auto masker = std::make_unique<Masker>();
      for (const Delivered& credential : handover_.credentials) {
        known_.emplace_back(credential.name.text(), credential.value.Clone());
      }
      if (!handover_.cloud_key.empty()) {
        known_.emplace_back("api_key", handover_.cloud_key.Clone());
      }
      for (const auto& [name, value] : known_) masker->Add(name, value);
      masker->Finish();
      command_.reset();
      masker_ = std::move(masker);
    }
    command_ = std::make_unique<Supervisor>(*signals_);
    return command_->Start(masker_.get(), [this] { Become(); });
  }

  // In the new process.
  [[noreturn]] void Become() {
    Environment environment = handover_.environment.Clone();
    Status failed = deliver_(handover_.credentials, environment);
    ExitCode code = ExitCode::kNotExecuted;
    if (failed.ok()) {
      failed = Execute(context_.command, std::move(environment));
      code = CodeOfExecution(failed);
    }
    PrintError(failed);
    _exit(static_cast<int>(code));
  }

  // Nothing when it is to be started again.
  std::optional<int> UntilItEndsOrRestarts() {
    const int changes = watch_.has_value() ? watch_->fd() : -1;
    for (;;) {
      std::optional<int> ended = command_->Run(changes, std::nullopt);
      if (ended.has_value()) return ended;
      ended = command_->Run(/*wake_fd=*/-1, In(kSettling));
      if (ended.has_value()) return ended;
      watch_->Take();
      if (supervision_.on_change.act == OnChange::Act::kSignal) {
        command_->Send(supervision_.on_change.signal);
        continue;
      }
      if (GatherAgain()) {
        EndIt();
        return std::nullopt;
      }
    }
  }

  // The command goes on with what it has when there is nothing newer.
  bool GatherAgain() {
    StatusOr<Handover> newer = gatherer_.Gather(context_, handover_.socket);
    context_.Disconnect();
    if (!newer.ok()) {
      PrintError(Annotate(newer.status(),
                          "a credential has changed, but the command is not "
                          "started again"));
      return false;
    }
    handover_ = *std::move(newer);
    return true;
  }

  void EndIt() {
    command_->Send(SIGTERM);
    command_->Send(SIGCONT);
    if (!command_->Run(/*wake_fd=*/-1, In(kGrace)).has_value()) {
      command_->Send(SIGKILL);
      (void)command_->Run(/*wake_fd=*/-1, std::nullopt);
    }
    command_->WriteAll();
  }

  void NameWhatIsTooShort() const {
    std::string names;
    for (const Delivered& credential : handover_.credentials) {
      if (Masker::IsLongEnough(credential.value)) continue;
      names += (names.empty() ? "" : ", ") + credential.name.text();
    }
    if (names.empty()) return;
    Note("librettoctl: too short to be masked, so shown as they are: " + names);
  }

  const Supervision& supervision_;
  Context& context_;
  const Gatherer& gatherer_;
  const Delivery deliver_;
  Handover handover_;
  std::vector<std::pair<std::string, SecretBytes>> known_;
  std::optional<ChangeWatch> watch_;
  std::optional<SignalQueue> signals_;
  std::unique_ptr<Masker> masker_;
  std::unique_ptr<Supervisor> command_;
};

}  // namespace

std::optional<OnChange> OnChangeNamed(std::string_view word) {
  static constexpr std::string_view kSignal = "signal:";
  if (word == "none") return OnChange{};
  if (word == "restart") return OnChange{OnChange::Act::kRestart};
  if (!word.starts_with(kSignal)) return std::nullopt;
  const int signal = SignalNamed(word.substr(kSignal.size()));
  if (signal == 0) return std::nullopt;
  return OnChange{OnChange::Act::kSignal, signal};
}

Status RunSupervised(const Supervision& supervision, Context& context,
                     const Gatherer& gatherer, Delivery deliver,
                     Handover handover) {
  return SupervisedRun(supervision, context, gatherer, deliver,
                       std::move(handover))
      .Run();
}

}  // namespace libretto
