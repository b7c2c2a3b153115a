"""`run --on-change`: a credential that gets another value reaches a command
that is running."""

import os
import signal
import subprocess

import harness

CTL = str(harness.BIN / "librettoctl")

SERVICE = ("trap 'echo told' HUP; trap 'echo bye; exit 0' TERM; "
           "echo \"has $LIBRETTO_CLOUD_USERNAME\"; "
           "while :; do read -r line || exit 5; done")


class RunOnChangeTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.world.store("username", "first value")
        self.world.store("other", "not watched")

    def start(self, act, *more, script=SERVICE):
        command = subprocess.Popen(
            [CTL, "run", "--on-change", act, "--credential", "username",
             *more, "--", "/bin/sh", "-c", script],
            env=self.world.environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        self.addCleanup(self.end, command)
        return command

    @staticmethod
    def end(command):
        command.kill()
        for stream in (command.stdin, command.stdout, command.stderr):
            stream.close()
        command.wait()

    def change(self, value, name="username"):
        self.world.must("cloud", "credentials", "update", name,
                        "--value-stdin", stdin=value)

    def next(self, command):
        return command.stdout.readline().strip()

    def test_restart_starts_it_again_with_the_new_value(self):
        command = self.start("restart")
        self.assertEqual(self.next(command), "has first value")
        for value in ("second value", "third value"):
            self.change("x", "other")
            self.change(value)
            self.assertEqual(self.next(command), "bye")
            self.assertEqual(self.next(command), f"has {value}")
        command.stdin.close()
        self.assertEqual(command.wait(), 5)

    def test_restart_masks_the_new_value_and_the_old_one(self):
        command = self.start("restart", "--mask", script=(
            SERVICE.replace("has", "has first value,")))
        shown = "has [libretto:username], [libretto:username]"
        self.assertEqual(self.next(command), shown)
        self.change("second value")
        self.assertEqual(self.next(command), "bye")
        self.assertEqual(self.next(command), shown)

    def test_a_signal_is_sent_and_the_command_goes_on(self):
        command = self.start("signal:HUP", script=SERVICE.replace(
            "read -r line || exit 5", "sleep 0.01"))
        self.assertEqual(self.next(command), "has first value")
        for value in ("second value", "third value"):
            self.change(value)
            self.assertEqual(self.next(command), "told")
        command.send_signal(signal.SIGTERM)
        self.assertEqual(self.next(command), "bye")
        self.assertEqual(command.wait(), 0)

    def test_a_change_while_the_agent_was_away_is_noticed(self):
        command = self.start("restart")
        self.assertEqual(self.next(command), "has first value")
        self.world.must("agent", "stop")
        self.world.must("agent", "start")
        self.change("second value")
        self.assertEqual(self.next(command), "bye")
        self.assertEqual(self.next(command), "has second value")

    def test_one_that_is_deleted_leaves_the_command_alone(self):
        command = self.start("restart")
        self.assertEqual(self.next(command), "has first value")
        self.world.must("cloud", "credentials", "delete", "username")
        self.world.store("username", "back again")
        self.assertEqual(self.next(command), "bye")
        self.assertEqual(self.next(command), "has back again")

    def test_nothing_of_it_outlives_the_command(self):
        command = self.start("restart", script="echo $PPID; cat")
        own = int(self.next(command))

        def watching():
            return {pid for pid, argv in harness.processes()
                    if CTL in argv[:1] and pid != own
                    and "--on-change" in argv}

        # Those of the tests before this one may still be on their way out, and
        # a sanitizer looks for leaks from a process of its own.
        harness.wait_for(lambda: len(watching()) == 1,
                         "one process to watch")
        helpers = watching()
        os.kill(own, signal.SIGKILL)
        harness.wait_for(lambda: not any(map(harness.exists, helpers)),
                         "the watching process to be gone")

    def test_a_key_of_the_callers_own_is_refused_in_words(self):
        result = self.world.ctl(
            "run", "--on-change", "restart", "--credential", "username", "--",
            "true", env=self.world.environment(LIBRETTO_API_KEY="x" * 64))
        self.assert_exit(64, result)
        self.assertIn("unset LIBRETTO_API_KEY", result.err)

    def test_words_that_mean_nothing_are_usage_errors(self):
        for word in ("", "reload", "signal", "signal:", "signal:KILL",
                     "signal:NONE", "signal:1"):
            result = self.world.ctl("run", "--on-change", word, "--all", "--",
                                    "true")
            self.assert_exit(64, result)


if __name__ == "__main__":
    harness.main()
