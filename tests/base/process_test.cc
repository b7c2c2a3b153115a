#include "base/process.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include <gtest/gtest.h>

namespace libretto {
namespace {

// Runs `check` in a child that has hardened itself; this process stays as it
// was.
bool HoldsInHardenedChild(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    HardenProcess();
    _exit(check() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child &&
         WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ProcessTest, IsNotDumpable) {
  EXPECT_TRUE(HoldsInHardenedChild([] { return prctl(PR_GET_DUMPABLE) == 0; }));
}

TEST(ProcessTest, LeavesNoCore) {
  EXPECT_TRUE(HoldsInHardenedChild([] {
    rlimit limit{1, 1};
    getrlimit(RLIMIT_CORE, &limit);
    return limit.rlim_cur == 0 && limit.rlim_max == 0;
  }));
}

TEST(ProcessTest, ClearsWhatMakesLibrariesTalkOrTrust) {
  for (const char* name :
       {"GRPC_TRACE", "GRPC_VERBOSITY", "OPENSSL_CONF", "SSLKEYLOGFILE",
        "SSL_CERT_FILE", "CURL_CA_BUNDLE", "https_proxy", "ALL_PROXY",
        "GLIBC_TUNABLES", "MALLOC_TRACE", "LD_PRELOAD", "LD_AUDIT"}) {
    setenv(name, "x", 1);
    EXPECT_TRUE(HoldsInHardenedChild([=] { return getenv(name) == nullptr; }))
        << name;
    unsetenv(name);
  }
}

TEST(ProcessTest, KeepsTheRestOfTheEnvironment) {
  setenv("LIBRETTO_TEST_GRPC_TRACE", "kept", 1);
  EXPECT_TRUE(HoldsInHardenedChild([] {
    const char* kept = getenv("LIBRETTO_TEST_GRPC_TRACE");
    return kept != nullptr && getenv("PATH") != nullptr;
  }));
  unsetenv("LIBRETTO_TEST_GRPC_TRACE");
}

TEST(ProcessTest, BoundNowIsLeftAlone) {
  setenv("LD_BIND_NOW", "1", 1);
  char program[] = "must-not-run";
  char* argv[] = {program, nullptr};
  EnsureCleanLoad(argv);  // returns instead of becoming another program
  unsetenv("LD_BIND_NOW");
}

// /proc/self/exe is this test program, which would run all tests again: told
// to run none, it says with 0 that it was executed.
TEST(ProcessTest, APreloadedLibraryIsShakenOff) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("LD_BIND_NOW", "1", 1);
    setenv("LD_PRELOAD", "", 1);
    char program[] = "process_test";
    char none[] = "--gtest_filter=ProcessTest.NothingIsPreloadedHere";
    char* argv[] = {program, none, nullptr};
    EnsureCleanLoad(argv);
    _exit(77);  // it has returned
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ProcessTest, NothingIsPreloadedHere) {
  EXPECT_EQ(getenv("LD_PRELOAD"), nullptr);
}

}  // namespace
}  // namespace libretto
