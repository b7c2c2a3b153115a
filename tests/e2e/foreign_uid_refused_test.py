"""Another user is refused before a byte is parsed."""

import os
import socket
import time
import unittest

import harness

STRANGERS = (65534, 12345, 1)
CONNECTS = 100
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)


@unittest.skipUnless(os.geteuid() == 0, "two users need root")
class ForeignUidRefusedTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.must("agent", "start")
        # As if every permission on the way had been given away.
        for path in (self.world.root, self.world.runtime,
                     self.world.socket.parent, self.world.socket):
            path.chmod(0o777)

    def as_user(self, uid, action):
        """Runs `action` in a child of that user; its exit code."""
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                os._exit(action())
            finally:
                os._exit(99)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def test_a_stranger_hears_nothing(self):
        path = str(self.world.socket)

        def knock():
            slowest = 0
            for _ in range(CONNECTS):
                begin = time.monotonic()
                with socket.socket(socket.AF_UNIX) as stranger:
                    stranger.settimeout(5)
                    stranger.connect(path)
                    try:
                        stranger.sendall(PREFACE)
                        heard = stranger.recv(1)
                    except (BrokenPipeError, ConnectionResetError):
                        heard = b""
                if heard:
                    return 1
                slowest = max(slowest, time.monotonic() - begin)
            return 0 if slowest < 1 * harness.PATIENCE else 2

        for uid in STRANGERS:
            self.assertEqual(self.as_user(uid, knock), 0)
        self.assertEqual(self.world.status()["connections"], 1)

    def test_the_owner_hears_something(self):
        with socket.socket(socket.AF_UNIX) as owner:
            owner.settimeout(5)
            owner.connect(str(self.world.socket))
            owner.sendall(PREFACE)
            self.assertTrue(owner.recv(1))

    def test_a_command_does_not_talk_to_a_foreign_server(self):
        self.world.must("agent", "stop")
        path = str(self.world.socket)
        heard = self.world.root / "heard"
        heard.touch()
        heard.chmod(0o666)

        def impersonate():
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(path)
                listening.listen()
                os.chmod(path, 0o777)
                listening.settimeout(10)
                connection, _ = listening.accept()
                connection.settimeout(10)
                heard.write_bytes(connection.recv(1))
                return 0

        child = os.fork()
        if child == 0:
            os._exit(self.as_user(65534, impersonate))
        harness.wait_for(self.world.socket.exists, "the impostor")
        harness.wait_for(lambda: os.stat(path).st_mode & 0o777 == 0o777,
                         "the impostor to let us in")
        result = self.world.ctl("read", "username", "--no-start")
        self.assert_explained(result)
        self.assertIn("65534", result.err)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(heard.read_bytes(), b"")


if __name__ == "__main__":
    harness.main()
