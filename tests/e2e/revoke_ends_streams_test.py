"""Revoking a scope ends at once what goes on through its socket."""

import os
import subprocess
import sys
import time

import harness

try:
    import grpc
except ImportError:
    grpc = None

LIMIT_S = 2 * harness.PATIENCE


@harness.unittest.skipIf(grpc is None, "python3-grpcio is not installed")
class RevokeEndsStreamsTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")

    def watch(self, *options):
        """An open stream of a new scope: its channel and its events."""
        socket = self.world.must("scope", "create", "--name", "ci", "--allow",
                                 "username", *options).strip()
        channel = grpc.insecure_channel(f"unix:{socket}")
        self.addCleanup(channel.close)
        stream = channel.unary_stream(
            "/libretto.agent.v1.Credentials/Watch")(b"\x12\x08username",
                                                    timeout=60)
        self.assertIn(self.value.encode(), next(stream))
        next(stream)  # settled
        return channel, stream

    def assert_ends(self, stream, word):
        begin = time.monotonic()
        with self.assertRaises(grpc.RpcError) as caught:
            next(stream)
        self.assertEqual(caught.exception.code(),
                         grpc.StatusCode.PERMISSION_DENIED)
        self.assertIn(word, caught.exception.details())
        return time.monotonic() - begin

    def test_a_watch_is_told_and_its_connection_closed(self):
        channel, stream = self.watch()
        self.world.must("scope", "revoke", "ci")
        self.assertLess(self.assert_ends(stream, "revoked"), LIMIT_S)
        # What was open goes; there is nothing to connect to any more.
        states = []
        channel.subscribe(states.append, try_to_connect=False)
        harness.wait_for(
            lambda: states and states[-1] != grpc.ChannelConnectivity.READY,
            "the connection to be closed", seconds=LIMIT_S)
        with self.assertRaises(grpc.RpcError):
            channel.unary_unary("/libretto.agent.v1.Credentials/Get")(
                b"\x12\x08username", timeout=5)
        harness.wait_for(lambda: self.world.status()["connections"] == 1,
                         "the agent to forget the connection")

    def test_so_it_does_when_its_time_is_over(self):
        _, stream = self.watch("--ttl", f"{3 * harness.PATIENCE}s")
        self.assert_ends(stream, "time")

    def test_so_it_does_when_its_process_ends(self):
        # The watcher outlives the command that had the scope.
        watcher = """
import grpc, os, sys
channel = grpc.insecure_channel("unix:" + os.environ["LIBRETTO_AGENT_SOCK"])
stream = channel.unary_stream("/libretto.agent.v1.Credentials/Watch")(
    b"\\x12\\x08username", timeout=60)
next(stream), next(stream)
print("watching", flush=True)
try:
    next(stream)
except grpc.RpcError as error:
    print(error.code().name, flush=True)
"""
        run = subprocess.Popen(
            [str(harness.BIN / "librettoctl"), "run", "--credential",
             "username", "--", "/bin/sh", "-c",
             '"$0" -c "$1" & exec tail -f /dev/null', sys.executable,
             watcher], env=self.world.environment(), cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        self.assertEqual(run.stdout.readline(), b"watching\n")
        os.kill(run.pid, 9)
        self.assertEqual(run.stdout.readline(), b"PERMISSION_DENIED\n")

    def test_others_go_on(self):
        other = self.world.must("scope", "create", "--name", "other",
                                "--allow", "username").strip()
        _, stream = self.watch()
        self.world.must("scope", "revoke", "other")
        self.assertEqual(self.world.ctl(
            "read", "username", env=self.world.environment(
                LIBRETTO_AGENT_SOCK=other)).code, 2)
        new = self.world.secret("the next value")
        self.world.must("cloud", "credentials", "update", "username",
                        "--value-stdin", stdin=new)
        self.assertIn(new.encode(), next(stream))


if __name__ == "__main__":
    harness.main()
