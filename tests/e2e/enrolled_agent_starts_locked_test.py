"""An agent that starts where a passphrase is enrolled is locked."""

import os
import signal

import harness


class EnrolledAgentStartsLockedTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.enrolled()
        self.value = self.world.store("username")

    def assert_starts_locked(self):
        result = self.world.ctl("read", "username")
        self.assert_exit(4, result)
        self.assertIn("the agent is locked", result.err)
        self.assertEqual(self.world.session(), "locked")
        self.assert_exit(0, self.world.unlock())
        self.assertEqual(self.world.read("username"), self.value)

    def test_after_a_stop(self):
        self.world.must("agent", "stop")
        self.assert_starts_locked()

    def test_after_a_kill(self):
        pid = self.world.agent_pid()
        os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not harness.exists(pid), "the agent's end")
        self.assert_starts_locked()

    def test_also_with_a_key_in_its_environment(self):
        self.world.must("agent", "stop")
        self.world.must("agent", "start", env=self.world.environment(
            LIBRETTO_API_KEY="a-key-of-somebody"))
        self.assertEqual(self.world.session(), "locked")
        self.assert_exit(4, self.world.ctl("read", "username"))

    def test_a_crash_while_enrolling_loses_nothing(self):
        # What a crash leaves that comes after the passphrase file is written
        # and before the session is sealed.
        self.world.must("agent", "unenroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        clear = self.world.auth_file.read_text()
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        self.world.must("agent", "stop")
        (self.world.state / "session.sealed").unlink()
        self.world.auth_file.write_text(clear)
        self.assert_starts_locked()
        self.assertFalse(self.world.auth_file.exists())


if __name__ == "__main__":
    harness.main()
