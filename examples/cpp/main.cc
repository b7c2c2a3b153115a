// A program that asks libretto-agent for the credentials that it needs: no
// environment variables, no .env, no librettoctl around it. CMakeLists.txt
// says how to build it.
//
// Prints names and never a value.
#include <iostream>

#include <libretto/client.h>

int main() {
  libretto::Client client;
  const auto credentials = client.GetCredentials({"username", "password"});
  if (!credentials.ok()) {
    const libretto::AgentError& error = credentials.error();
    std::cerr << libretto::NameOf(error.code) << ": " << error.message << '\n';
    if (!error.remedy.empty()) {
      std::cerr << "  try: " << error.remedy << '\n';
    }
    return 1;
  }
  for (const auto& [name, value] : *credentials) {
    // A real program would sign in with value.Reveal().
    std::cout << name << ": " << value.Reveal().size() << " bytes\n";
  }
  return 0;
}
