"""On a kernel that lacks what protects the agent it works, and says what is
missing. Played by strace, which answers for the kernel."""

import os
import shutil
import unittest

import harness
import serving

NOBODY = 65534


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
@unittest.skipUnless(os.geteuid() == 0, "looking into an agent needs root")
@unittest.skipIf(harness.SANITIZED, "two tracers of one process")
class OldKernelTest(harness.E2eTest):

    def served_without(self, *calls, error="ENOSYS"):
        self.world.start_cloud()
        agent = serving.Served(
            self.world, "/usr/bin/strace", "-f", "-o", "/dev/null",
            "--quiet=all", "-e", "trace=" + ",".join(calls), "-e",
            f"inject={','.join(calls)}:error={error}")
        self.addCleanup(self.end, agent)
        agent.until_ready()
        self.world.sign_up()
        value = self.world.store("username")
        self.world.must("agent", "sync")
        self.assertEqual(self.world.read("username"), value)
        return self.world.status()

    def end(self, agent):
        """strace ends with what it traces, and not before."""
        self.world.ctl("agent", "stop", "--no-start")
        agent.process.wait(timeout=harness.COMMAND_LIMIT_S)

    def test_without_memfd_secret_keys_are_locked(self):
        status = self.served_without("memfd_secret")
        self.assertEqual(status["key_memory"], "mlock")
        locked = serving.status_of(status["pid"])["VmLck"]
        self.assertGreaterEqual(int(locked.split()[0]), 16)

    def test_without_landlock_it_says_so(self):
        status = self.served_without("landlock_create_ruleset")
        self.assertEqual(status["landlock_abi"], 0)
        self.assertIn("Landlock", status["not_confined_because"])
        self.assertTrue(status["system_calls_filtered"])
        self.assertIn("Landlock", self.world.log_file.read_text())

    def test_where_landlock_is_forbidden_it_says_so(self):
        status = self.served_without("landlock_create_ruleset", error="EPERM")
        self.assertEqual(status["landlock_abi"], 0)

    def test_without_any_of_it(self):
        status = self.served_without("memfd_secret", "landlock_create_ruleset",
                                     "pidfd_open")
        self.assertEqual(serving.status_of(status["pid"])["Seccomp"], "2")


if __name__ == "__main__":
    harness.main()
