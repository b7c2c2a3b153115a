"""A scope that `run` has made ends with its command, however that ends."""

import json
import os
import pathlib
import signal
import subprocess
import time

import harness

CTL = str(harness.BIN / "librettoctl")


class ScopeEndsWithItsProcessTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")

    def start(self, *options):
        """`run` with a command that waits; the scope's socket."""
        told = self.world.root / "told"
        told.unlink(missing_ok=True)
        run = subprocess.Popen(
            [CTL, "run", *options, "--credential", "username", "--",
             "/bin/sh", "-c",
             f"echo $$ $LIBRETTO_AGENT_SOCK > {told}.new; "
             f"mv {told}.new {told}; exec cat"],
            env=self.world.environment(), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            start_new_session=True)
        self.addCleanup(run.wait)
        self.addCleanup(run.stdin.close)
        self.addCleanup(run.kill)
        harness.wait_for(told.exists, "the command to start", alive=run)
        pid, socket = told.read_text().split()
        self.assertEqual(self.read_through(socket).out, self.value + "\n")
        return run, int(pid), socket

    def read_through(self, socket):
        return self.world.ctl("read", "username", env=self.world.environment(
            LIBRETTO_AGENT_SOCK=socket))

    def assert_gone(self, socket):
        harness.wait_for(lambda: not pathlib.Path(socket).exists(),
                         "the socket to go")
        self.assert_exit(2, self.read_through(socket))
        scopes = json.loads(self.world.must("scope", "list", "--json"))
        self.assertEqual(scopes, {"scopes": []})

    def test_it_ends_by_itself(self):
        run, _, socket = self.start()
        run.stdin.close()
        self.assertEqual(run.wait(10), 0)
        self.assert_gone(socket)

    def test_killed(self):
        run, pid, socket = self.start()
        self.assertEqual(run.pid, pid)
        run.send_signal(signal.SIGKILL)
        run.wait(10)
        self.assert_gone(socket)

    def test_killed_where_run_stays_behind(self):
        for options in (["--mask"], ["--on-change", "signal:USR1"]):
            with self.subTest(" ".join(options)):
                run, pid, socket = self.start(*options)
                self.assertNotEqual(run.pid, pid)
                run.send_signal(signal.SIGKILL)
                run.wait(10)
                self.assert_gone(socket)

    def test_the_command_killed_where_run_stays_behind(self):
        run, pid, socket = self.start("--mask")
        os.kill(pid, signal.SIGKILL)
        run.wait(10)
        self.assert_gone(socket)

    def test_a_process_that_is_left_behind_has_nothing(self):
        run, _, socket = self.start()
        left = subprocess.Popen(
            ["/bin/sh", "-c", f"cat; exec {CTL} read username"],
            env=self.world.environment(LIBRETTO_AGENT_SOCK=socket),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        run.kill()
        run.wait(10)
        self.assert_gone(socket)
        out, err = left.communicate(timeout=20)
        self.assertEqual((left.returncode, out), (2, b""))
        self.assertIn(b"the scope is gone", err)

    def test_a_command_that_never_starts_leaves_none(self):
        self.assert_exit(127, self.world.ctl(
            "run", "--credential", "username", "--", "no-such-command"))
        self.assert_exit(125, self.world.ctl(
            "run", "--credential", "username", "--credential", "missing",
            "--", "true"))
        harness.wait_for(lambda: self.world.status()["scopes"] == 0,
                         "the scopes to end")

    def test_its_time_is_over(self):
        socket = self.world.must("scope", "create", "--name", "short",
                                 "--allow", "username", "--ttl",
                                 f"{2 * harness.PATIENCE}s").strip()
        begin = time.monotonic()
        self.assert_exit(0, self.read_through(socket))
        self.assert_gone(socket)
        self.assertLess(time.monotonic() - begin, 6 * harness.PATIENCE)

    def test_many_come_and_go(self):
        runs = [subprocess.Popen(
            [CTL, "run", "--credential", "username", "--", CTL, "read",
             "username"], env=self.world.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd="/")
                for _ in range(40)]
        for run in runs:
            out, _ = run.communicate(timeout=60)
            self.assertEqual(out.decode(), self.value + "\n")
        harness.wait_for(lambda: self.world.status()["scopes"] == 0,
                         "the scopes to end")
        self.assertEqual(list((self.world.socket.parent / "scopes").iterdir()),
                         [])


if __name__ == "__main__":
    harness.main()
