// `run` when something has to stay behind: to mask what the command prints, or
// to act when a credential changes. Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "base/errors.h"
#include "client/commands/run_handover.h"
#include "client/commands/verb.h"

namespace libretto {

// --on-change: what to do when a credential has another value.
struct OnChange {
  enum class Act { kNothing, kRestart, kSignal };

  Act act = Act::kNothing;
  int signal = 0;
};

// "none", "restart", "signal:HUP"; nothing for any other word.
std::optional<OnChange> OnChangeNamed(std::string_view word);

struct Supervision {
  bool mask = false;
  OnChange on_change;

  bool needed() const {
    return mask || on_change.act != OnChange::Act::kNothing;
  }
};

// Ends this process as the command ends; returns only when nothing was started.
Status RunSupervised(const Supervision& supervision, Context& context,
                     const Gatherer& gatherer, Delivery deliver,
                     Handover handover);

}  // namespace libretto
