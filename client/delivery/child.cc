#include "client/delivery/child.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/check.h"

namespace libretto {

Status DeliverByEnvironment(const std::vector<Delivered>& credentials,
                            Environment& environment) {
  for (const auto& [variable, name, value] : credentials) {
    if (value.Reveal().find('\0') != std::string_view::npos) {
      return Invalid("the credential " + name.text() +
                     " cannot be an environment variable: its value contains "
                     "a NUL");
    }
    environment.Set(variable, value.Reveal());
  }
  return OkStatus();
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
  execvpe(arguments[0], arguments.data(), environment.Pointers().data());
  return FromErrno(errno, "cannot run " + Printable(command.front()));
}

}  // namespace libretto
