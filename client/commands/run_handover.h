// What `run` hands over, gathered: from its sources, the caller's environment
// and the agent; and how a process becomes the command with it. Not
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/errors.h"
#include "client/commands/exit_codes.h"
#include "client/commands/run_sources.h"
#include "client/commands/verb.h"
#include "client/delivery/child.h"

namespace libretto {

// Puts values where a command finds them.
using Delivery = Status (*)(const std::vector<Delivered>&, Environment&);

// By --deliver's word; null for any other.
Delivery DeliveryNamed(std::string_view word);

struct Handover {
  Environment environment;             // but for the credentials
  std::vector<Delivered> credentials;  // to be delivered
  SecretBytes cloud_key;               // in `environment` too
  std::string socket;     // of the command's scope; in `environment` too
  bool use_only = false;  // what the command prints must not show them
};

struct HandoverOptions {
  bool allow_missing = false;
  bool pristine = false;
  bool cloud_key = false;
  Freshness wanted;
};

class Gatherer {
 public:
  // `plan` has to live as long as this.
  Gatherer(const RunPlan& plan, const HandoverOptions& options)
      : plan_(plan), options_(options) {}

  // As things are now. `socket` is what an earlier handover had: the command
  // keeps it for as long as somebody listens there.
  StatusOr<Handover> Gather(Context& context,
                            const std::string& socket = "") const;

 private:
  const RunPlan& plan_;
  const HandoverOptions options_;
};

// The names that --all stands for are asked for here.
StatusOr<RunPlan> MakePlan(RunSources sources, bool pristine, Context& context);

// What a command that cannot be executed makes `run` exit with.
ExitCode CodeOfExecution(const Status& status);

}  // namespace libretto
