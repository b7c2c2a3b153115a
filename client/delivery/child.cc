#include "client/delivery/child.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace libretto {
namespace {

SecretBytes Entry(std::string_view variable, std::string_view value) {
  SecretBytes entry(variable.size() + 1 + value.size() + 1);
  char* out = entry.RevealMutable();
  out = std::copy(variable.begin(), variable.end(), out);
  *out++ = '=';
  std::copy(value.begin(), value.end(), out);
  return entry;
}

bool Sets(std::string_view entry, std::string_view variable) {
  return entry.size() > variable.size() && entry.starts_with(variable) &&
         entry[variable.size()] == '=';
}

}  // namespace

StatusOr<Environment> WithCredentials(
    const char* const* inherited, const std::vector<Delivered>& credentials) {
  Environment environment;
  std::vector<std::string> variables;
  for (const auto& [name, value] : credentials) {
    const std::optional<std::string> variable = name.EnvVariable();
    if (!variable.has_value()) {
      return Invalid("the credential " + Printable(name.text()) +
                     " cannot be an environment variable: only names of a-z, "
                     "0-9 and '_' survive shells and npm");
    }
    if (value.Reveal().find('\0') != std::string_view::npos) {
      return Invalid("the credential " + name.text() +
                     " cannot be an environment variable: its value contains "
                     "a NUL");
    }
    environment.push_back(Entry(*variable, value.Reveal()));
    variables.push_back(*variable);
  }
  for (; *inherited != nullptr; ++inherited) {
    const std::string_view entry(*inherited);
    const bool replaced =
        std::any_of(variables.begin(), variables.end(),
                    [entry](const std::string& v) { return Sets(entry, v); });
    // With its NUL.
    if (!replaced) {
      environment.push_back(
          SecretBytes::CopyOf({*inherited, entry.size() + 1}));
    }
  }
  return environment;
}

Status Execute(const std::vector<std::string>& command,
               Environment environment) {
  LIBRETTO_CHECK(!command.empty());
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  std::vector<char*> entries;
  entries.reserve(environment.size() + 1);
  for (SecretBytes& entry : environment) {
    entries.push_back(entry.RevealMutable());
  }
  entries.push_back(nullptr);
  execvpe(arguments[0], arguments.data(), entries.data());
  return FromErrno(errno, "cannot run " + Printable(command.front()));
}

}  // namespace libretto
