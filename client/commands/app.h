// The command line as a whole: finds the verb that the arguments name, gives
// the rest to CLI11, runs it, and reports how it went. Not thread-safe.
#pragma once

#include <string>
#include <vector>

namespace libretto {

// `arguments` without the program's name; returns the exit code.
int RunCommandLine(std::vector<std::string> arguments);

}  // namespace libretto
