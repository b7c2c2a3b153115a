#include "client/commands/shell_lines.h"

#include <CLI/CLI.hpp>

namespace libretto {

void ShellLines::Define(CLI::App& app) {
  CLI::Option* const bourne = app.add_flag(
      "-s", bourne_, "Print lines for the eval of sh, bash and zsh");
  app.add_flag("-c", csh_, "Print lines for the eval of csh and tcsh")
      ->excludes(bourne);
}

Status ShellLines::Check(const Context& context) const {
  if (!context.json || !wanted()) return OkStatus();
  return Invalid("--json and lines for a shell exclude each other");
}

std::string ShellLines::Set(std::string_view socket) const {
  const std::string quoted = Quoted(socket);
  if (csh_) return "setenv LIBRETTO_AGENT_SOCK " + quoted + ";\n";
  return "LIBRETTO_AGENT_SOCK=" + quoted + "; export LIBRETTO_AGENT_SOCK;\n";
}

std::string ShellLines::Unset() const {
  return bourne_ ? "unset LIBRETTO_AGENT_SOCK;\n"
                 : "unsetenv LIBRETTO_AGENT_SOCK;\n";
}

std::string ShellLines::Say(std::string_view text) {
  return "echo " + std::string(text) + ";\n";
}

// csh looks for '!' between single quotes too.
std::string ShellLines::Quoted(std::string_view text) const {
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

}  // namespace libretto
