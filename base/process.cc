#include "base/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace libretto {
namespace {

constexpr std::string_view kClearedExactly[] = {
    "GLIBC_TUNABLES", "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "CURL_CA_BUNDLE", "ALL_PROXY",     "all_proxy",     "HTTP_PROXY",
    "http_proxy",     "HTTPS_PROXY",   "https_proxy",   "NO_PROXY",
    "no_proxy",
};
constexpr std::string_view kClearedPrefixes[] = {"GRPC_", "LD_", "MALLOC_",
                                                 "OPENSSL_"};

bool IsCleared(std::string_view name) {
  for (const std::string_view exact : kClearedExactly) {
    if (name == exact) return true;
  }
  for (const std::string_view prefix : kClearedPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

// What the loader looked at before there was a main() to clear it.
bool HasMovedTheLoader(std::string_view name) {
  return (name.starts_with("LD_") && name != "LD_BIND_NOW") ||
         name.starts_with("MALLOC_") || name == "GLIBC_TUNABLES";
}

std::vector<std::string> VariablesThat(bool (*are)(std::string_view name)) {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const std::size_t equals = variable.find('=');
    // Nobody finds it then, nor can it be taken out.
    if (equals == std::string_view::npos) continue;
    const std::string_view name = variable.substr(0, equals);
    if (are(name)) names.emplace_back(name);
  }
  return names;
}

void Clear(const std::vector<std::string>& names) {
  for (const std::string& name : names) unsetenv(name.c_str());
}

}  // namespace

void HardenProcess() {
  Clear(VariablesThat(IsCleared));
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

void EnsureCleanLoad(char** argv) {
  const char* bound = getenv("LD_BIND_NOW");
  const std::vector<std::string> unclean = VariablesThat(HasMovedTheLoader);
  // The loader takes an empty value for no.
  if (bound != nullptr && *bound != '\0' && unclean.empty()) return;
  Clear(unclean);
  setenv("LD_BIND_NOW", "1", 1);
  // By its path: the process keeps its name in ps(1).
  execv(OwnProgram().c_str(), argv);
}

std::string OwnProgram() {
  char path[PATH_MAX + 1] = {};
  return readlink("/proc/self/exe", path, PATH_MAX) > 0 ? path : "";
}

}  // namespace libretto
