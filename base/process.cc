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
    "GLIBC_TUNABLES", "MALLOC_TRACE",   "SSLKEYLOGFILE", "SSL_CERT_FILE",
    "SSL_CERT_DIR",   "CURL_CA_BUNDLE", "ALL_PROXY",     "all_proxy",
    "HTTP_PROXY",     "http_proxy",     "HTTPS_PROXY",   "https_proxy",
    "NO_PROXY",       "no_proxy",
};
constexpr std::string_view kClearedPrefixes[] = {"GRPC_", "OPENSSL_"};

bool IsCleared(std::string_view name) {
  for (const std::string_view exact : kClearedExactly) {
    if (name == exact) return true;
  }
  for (const std::string_view prefix : kClearedPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

void HardenProcess() {
  std::vector<std::string> cleared;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const std::string_view name = variable.substr(0, variable.find('='));
    if (IsCleared(name)) cleared.emplace_back(name);
  }
  for (const std::string& name : cleared) unsetenv(name.c_str());

  prctl(PR_SET_DUMPABLE, 0);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

void EnsureBoundNow(char** argv) {
  const char* bound = getenv("LD_BIND_NOW");
  // The loader takes an empty value for no.
  if (bound != nullptr && *bound != '\0') return;
  setenv("LD_BIND_NOW", "1", 1);
  // By its path: the process keeps its name in ps(1).
  char path[PATH_MAX + 1] = {};
  if (readlink("/proc/self/exe", path, PATH_MAX) > 0) execv(path, argv);
}

}  // namespace libretto
