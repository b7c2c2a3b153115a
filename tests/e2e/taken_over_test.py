"""Who takes the agent over from inside, through a flaw in a library, starts no
program and reads no file of the user's. (That it reaches no port but the
cloud's is in confined_test.py.)

A debugger of root's plays the flaw: it has the running agent make the calls.
"""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

import harness
import serving

EPERM, EACCES = 1, 13


@unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
@unittest.skipUnless(os.geteuid() == 0, "attaching to an agent needs root")
@unittest.skipIf(harness.SANITIZED, "a sanitizer build is not confined")
class TakenOverTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        # Some versions of gdb cannot write the registers of some processors.
        with subprocess.Popen(["sleep", "60"]) as anybody:
            try:
                values, said = self.forced(anybody.pid, ["getpid()"])
            finally:
                anybody.kill()
        if len(values) != 1 or values[0][0] != anybody.pid:
            self.skipTest(f"gdb cannot make a process call: {said}")

    def forced(self, pid, calls):
        """What each call returned in the process, and its errno; and what gdb
        said."""
        script = ["set confirm off", "set debuginfod enabled off",
                  # The thread that waits in epoll is as good as any other.
                  "set scheduler-locking on"]
        for call in calls:
            script += [f"print (long){call}", "print *(int*)__errno_location()"]
        script += ["detach", "quit"]
        done = subprocess.run(
            ["gdb", "-q", "-nx", "-batch", "-p", str(pid)] +
            [part for line in script for part in ("-ex", line)],
            capture_output=True, text=True, check=False, timeout=120)
        values = [int(value) for value in
                  re.findall(r"^\$\d+ = (-?\d+)$", done.stdout, re.MULTILINE)]
        return (list(zip(values[::2], values[1::2])),
                done.stdout + done.stderr)

    def test_what_it_is_forced_to_do_is_refused(self):
        private = self.world.home / ".ssh/id_rsa"
        private.parent.mkdir()
        private.write_text("a private key")
        witness = pathlib.Path("/tmp") / f"taken-over-{os.getpid()}"
        self.addCleanup(witness.unlink, missing_ok=True)
        self.world.must("agent", "start")
        pid = self.world.agent_pid()
        results, said = self.forced(pid, [
            f'system("echo > {witness}")',
            "fork()",
            f'open("{private}", 0)',
            f'open("{witness}", 0x41, 0600)',
        ])
        self.assertEqual(len(results), 4, said)
        started, forked, read, written = results
        # No shell could be started, in the words of system(3).
        self.assertEqual(started[0], 127 << 8)
        self.assertEqual(forked, (-1, EPERM))
        if serving.landlock_abi() >= 1:
            self.assertEqual(read, (-1, EACCES))
            self.assertEqual(written, (-1, EACCES))
        self.assertFalse(witness.exists())
        # It goes on as if nothing had been.
        self.assertEqual(self.world.status()["pid"], pid)


if __name__ == "__main__":
    harness.main()
