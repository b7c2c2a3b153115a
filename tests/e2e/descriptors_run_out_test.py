"""Descriptors that run out, or are held by hundreds of connections, stop nobody;
and none leaks.
"""

import os
import pathlib
import resource
import signal
import socket
import time
import unittest

import harness
import http2

LONG = bool(os.environ.get("LIBRETTO_LONG"))
LIMIT = 256
# A sanitizer takes milliseconds for each.
HELD = 300 if harness.SANITIZED else 600
SHORT_CONNECTIONS = (100_000 if LONG else 200 if harness.SANITIZED else 2_000)
# What a call may take meanwhile, and on a busy machine.
CALL_S = 1 if LONG else 10 * harness.PATIENCE
CLOEXEC = 0o2000000


class DescriptorsRunOutTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (max(before[0], min(2048, before[1])), before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        started = self.world.run(
            [str(harness.BIN / "librettoctl"), "agent", "start"],
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (LIMIT, LIMIT)))
        self.assert_exit(0, started)
        self.pid = self.world.agent_pid()

    def hold(self, count, first):
        """Connections that say `first` and are not closed."""
        held = []
        for _ in range(count):
            one = socket.socket(socket.AF_UNIX)
            self.addCleanup(one.close)
            one.connect(str(self.world.socket))
            try:
                one.sendall(first)
            except OSError:
                pass  # it had to make room already
            held.append(one)
        return held

    def assert_serves(self):
        begin = time.monotonic()
        with http2.Connection(self.world.socket, timeout=2 * CALL_S) as polite:
            self.assertIsNotNone(polite.call())
        self.assertLess(time.monotonic() - begin, CALL_S)
        self.assertTrue(harness.exists(self.pid), "it is another agent")

    def test_silent_connections_keep_nobody_out(self):
        held = self.hold(HELD, b"")
        for _ in range(5):
            self.assert_serves()
        for one in held:
            one.close()
        self.assert_serves()

    def test_idle_connections_keep_nobody_out(self):
        held = self.hold(HELD, http2.PREFACE + http2.frame(http2.SETTINGS))
        for _ in range(5):
            self.assert_serves()
        for one in held:
            one.close()
        self.assert_serves()

    def test_a_call_in_flight_does_not_have_to_make_room(self):
        self.world.start_cloud()
        self.world.sign_up()
        with http2.Connection(self.world.socket) as watching:
            # WatchRequest{names: "late"}
            watching.send(http2.request(
                1, "/libretto.agent.v1.Credentials/Watch", b"\x12\x04late"))
            self.wait_to_hear(watching, b"late")
            self.hold(HELD, http2.PREFACE + http2.frame(http2.SETTINGS))
            self.assert_serves()
            value = self.world.store("late")
            self.wait_to_hear(watching, value.encode())

    def wait_to_hear(self, connection, part):
        """Reads on until a message with `part` in it has come."""
        while True:
            kind, flags, _, payload = connection.read_frame()
            if kind == http2.DATA and part in payload:
                return
            self.assertFalse(kind == http2.HEADERS
                             and flags & http2.END_STREAM, "it has ended")

    @unittest.skipUnless(os.geteuid() == 0, "another process's descriptors "
                         "need root")
    def test_connections_leave_no_descriptor_behind(self):
        for _ in range(20):
            self.touch()
        before = self.descriptors()
        for _ in range(SHORT_CONNECTIONS):
            self.touch()
        harness.wait_for(lambda: len(self.descriptors()) <= len(before),
                         "the descriptors to be closed")
        self.assert_serves()

    def touch(self):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(self.world.socket))
            one.sendall(http2.PREFACE + http2.frame(http2.SETTINGS))

    def descriptors(self):
        return os.listdir(f"/proc/{self.pid}/fd")

    @unittest.skipUnless(os.geteuid() == 0, "another process's descriptors "
                         "need root")
    def test_every_descriptor_is_closed_on_exec(self):
        with http2.Connection(self.world.socket) as one:
            self.assertIsNotNone(one.call())
            self.world.ctl("read", "username")
            self.assert_close_on_exec(self.pid)

    def assert_close_on_exec(self, pid):
        seen = 0
        for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            if int(info.name) <= 2:
                continue
            try:
                text = info.read_text()
                what = os.readlink(f"/proc/{pid}/fd/{info.name}")
            except FileNotFoundError:
                continue  # closed meanwhile
            seen += 1
            flags = int(text.split("flags:")[1].split()[0], 8)
            self.assertTrue(flags & CLOEXEC, f"{info.name} is {what}")
        self.assertGreater(seen, 0)

    @unittest.skipUnless(os.geteuid() == 0, "another process's descriptors "
                         "need root")
    def test_a_shells_own_descriptors_go_no_further(self):
        """Some are open, and not closed on exec, when the agent is started."""
        self.world.must("agent", "stop")
        ends = os.pipe()
        self.addCleanup(os.close, ends[0])
        started = self.world.run(
            [str(harness.BIN / "librettoctl"), "agent", "start"],
            pass_fds=ends)
        self.assert_exit(0, started)
        os.close(ends[1])
        # Nobody else holds the other end, or this would wait for ever.
        signal.alarm(60)
        self.assertEqual(os.read(ends[0], 1), b"")
        signal.alarm(0)
        self.assert_close_on_exec(self.world.agent_pid())


if __name__ == "__main__":
    harness.main()
