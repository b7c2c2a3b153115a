// What `run` was asked to hand over: the options that name credentials, the
// files they lead to, and which source wins where two mean the same variable.
//
//   --env, --credential and --all     before
//   the caller's own environment      before
//   env files, in their order         (the first of equal keys, contract 1.4)
//
// Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "client/delivery/env_file.h"
#include "client/delivery/environment.h"

namespace CLI {
class App;
}  // namespace CLI

namespace libretto {

// Each variable once.
struct RunPlan {
  std::vector<Reference> references;
  std::vector<Setting> settings;
};

class RunSources {
 public:
  void Define(CLI::App& app);

  // Whether the options are well-formed.
  Status Check();

  // Reads the env files: those that are named or, where the command line names
  // nothing at all, the project's own if there is one.
  Status ReadFiles();

  // Nothing names anything: the command line, or a file that was read.
  bool empty() const;
  bool all() const { return all_; }

  // `listed` are the names that --all stands for. `inherited` is what the
  // command gets of the caller's environment.
  StatusOr<RunPlan> Plan(std::vector<CredentialName> listed,
                         const Environment& inherited) &&;

 private:
  Status CheckAssignment(const std::string& text);

  std::vector<std::string> credentials_;
  std::vector<std::string> assignments_;
  std::vector<std::string> paths_;
  bool all_ = false;

  std::vector<CredentialName> named_;
  std::vector<Reference> assigned_;
  std::vector<EnvFile> files_;
};

}  // namespace libretto
