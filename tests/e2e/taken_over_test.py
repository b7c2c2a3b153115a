"""Who takes the agent over from inside, through a flaw in a library, starts no
program and reads no file of the user's. (That it reaches no port but the
cloud's is in confined_test.py.)

Root plays the flaw: the running agent is made to make the calls.
"""

import errno
import os
import pathlib
import platform
import signal
import subprocess
import unittest

import forced_calls
import harness
import serving


@unittest.skipUnless(os.geteuid() == 0, "attaching to an agent needs root")
@unittest.skipUnless(platform.machine() == "x86_64", "knows x86-64 alone")
@unittest.skipIf(harness.SANITIZED, "a sanitizer build is not confined")
class TakenOverTest(harness.E2eTest):

    def test_what_is_forced_upon_others_works(self):
        """Or the test below would show nothing."""
        with subprocess.Popen(["sleep", "60"]) as anybody:
            harness.wait_for(
                lambda: ") S " in pathlib.Path(
                    f"/proc/{anybody.pid}/stat").read_text(),
                "it to sleep", alive=anybody)
            with forced_calls.Forced(anybody.pid) as forced:
                self.assertEqual(forced.call(forced_calls.GETPID), anybody.pid)
                self.assertGreater(
                    forced.call(forced_calls.OPEN, b"/etc/passwd", 0), 2)
            anybody.kill()

    def test_what_it_is_forced_to_do_is_refused(self):
        private = self.world.home / ".ssh/id_rsa"
        private.parent.mkdir()
        private.write_text("a private key")
        witness = pathlib.Path("/tmp") / f"taken-over-{os.getpid()}"
        self.addCleanup(witness.unlink, missing_ok=True)
        self.world.must("agent", "start")
        pid = self.world.agent_pid()
        with forced_calls.Forced(pid) as forced:
            for number, *arguments in (
                    (forced_calls.EXECVE, b"/bin/true", 0, 0),
                    (forced_calls.FORK,), (forced_calls.VFORK,),
                    (forced_calls.CLONE, signal.SIGCHLD, 0, 0, 0, 0)):
                self.assertEqual(forced.call(number, *arguments),
                                 -errno.EPERM, number)
            read = forced.call(forced_calls.OPEN, os.fsencode(private), 0)
            written = forced.call(forced_calls.OPEN, os.fsencode(witness),
                                  os.O_CREAT | os.O_WRONLY, 0o600)
        if serving.landlock_abi() >= 1:
            self.assertEqual(read, -errno.EACCES)
            self.assertEqual(written, -errno.EACCES)
            self.assertFalse(witness.exists())
        # It goes on as if nothing had been.
        self.assertEqual(self.world.status()["pid"], pid)


if __name__ == "__main__":
    harness.main()
