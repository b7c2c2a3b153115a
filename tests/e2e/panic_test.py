"""`agent panic` takes everything back at once, whatever the cloud does."""

import signal
import subprocess

import harness


class PanicTest(harness.E2eTest):

    def test_the_key_is_revoked_and_the_agent_locked(self):
        self.world.signed_up()
        cookie = self.world.cookie()
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        value = self.world.store("username")
        self.assertEqual(len(self.world.api_keys(cookie)), 1)
        self.world.must("agent", "panic")
        status = self.world.status()
        self.assertEqual(status["session"], "locked")
        self.assertEqual(status["locked_because"], "of a panic")
        self.assertEqual((status["cached"], status["credentials"]), (0, 0))
        harness.wait_for(lambda: not self.world.api_keys(cookie),
                         "the API key to be revoked")
        self.assert_exit(0, self.world.unlock())
        self.assertEqual(self.world.read("username"), value)

    def test_streams_end(self):
        self.world.enrolled()
        self.world.store("username")
        command = subprocess.Popen(
            [harness.BIN / "librettoctl", "run", "--on-change=restart",
             "--credential", "username", "--", "/bin/sh", "-c",
             "echo started; exec cat"],
            env=self.world.environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(command.kill)
        self.assertEqual(command.stdout.readline(), "started\n")
        harness.wait_for(lambda: self.world.status()["connections"] > 1,
                         "the watch")
        self.world.must("agent", "panic")
        harness.wait_for(lambda: self.world.status()["connections"] == 1,
                         "the watch to end")
        command.communicate(timeout=harness.COMMAND_LIMIT_S)

    def test_it_does_not_wait_for_the_cloud(self):
        self.world.enrolled()
        self.world.store("username")
        process = self.world.cloud.process
        process.send_signal(signal.SIGSTOP)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        # A fetch that hangs, too.
        hanging = subprocess.Popen(
            [harness.BIN / "librettoctl", "cloud", "credentials", "list"],
            env=self.world.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        result = self.world.ctl("agent", "panic")
        self.assert_exit(0, result)
        # Most of it is the command's own start on a busy machine.
        self.assertLess(result.seconds, 1 * harness.PATIENCE)
        self.assertEqual(self.world.session(), "locked")
        _, said = hanging.communicate(timeout=2 * harness.PATIENCE)
        self.assertEqual(hanging.returncode, 4, said)

    def test_without_a_passphrase_it_says_what_is_left(self):
        self.world.signed_up()
        value = self.world.store("username")
        result = self.world.ctl("agent", "panic")
        self.assert_exit(0, result)
        self.assertIn("Not locked", result.err)
        self.assertIn("librettoctl cloud auth logout", result.err)
        self.assertEqual(self.world.status()["cached"], 0)
        self.assertEqual(self.world.read("username"), value)


if __name__ == "__main__":
    harness.main()
