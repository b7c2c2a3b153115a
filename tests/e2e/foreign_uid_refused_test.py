"""Another user is refused before a byte is parsed."""

import ctypes
import os
import pathlib
import socket
import sys
import time
import unittest

import harness

# A thousand connects of three: nobody, somebody, and root of a user namespace
# of their own.
NOBODY, SOMEBODY, OWN_ROOT = 65534, 12345, 54321
CONNECTS = 334
LONG = bool(os.environ.get("LIBRETTO_LONG"))
P99_S = 0.005 if LONG else 0.5 * harness.PATIENCE
CLONE_NEWUSER = 0x10000000
PR_SET_DUMPABLE = 4
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
        before = self.world.status()

        def knock():
            times = []
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
                times.append(time.monotonic() - begin)
            p99 = sorted(times)[int(0.99 * CONNECTS)]
            return 0 if p99 <= P99_S else 2

        def knock_as_root():
            libc = ctypes.CDLL(None)
            # Or /proc/self is still root's.
            libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
            if libc.unshare(CLONE_NEWUSER) != 0:
                return 3
            pathlib.Path("/proc/self/uid_map").write_text(f"0 {OWN_ROOT} 1")
            return knock() if os.geteuid() == 0 else 4

        self.assertEqual(self.as_user(NOBODY, knock), 0)
        self.assertEqual(self.as_user(SOMEBODY, knock), 0)
        code = self.as_user(OWN_ROOT, knock_as_root)
        if code == 3:
            print("SKIPPED: this kernel gives users no namespace",
                  file=sys.stderr)
        else:
            self.assertEqual(code, 0)
        after = self.world.status()
        self.assertEqual(after["connections"], 1)
        for counted in ("hits", "misses"):
            self.assertEqual(after[counted], before[counted])
        # The log says so, without growing as a stranger likes.
        refused = self.world.log_file.read_text().count("refused uid=")
        self.assertGreater(refused, 0)
        self.assertLess(refused, CONNECTS // 10 + 20)

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
