"""A second agent says that there is one, and does not disturb it."""

import socket
import subprocess

import harness


class SecondAgentTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")
        self.pid = self.world.agent_pid()

    def assert_undisturbed(self):
        self.assertEqual(self.world.agent_pid(), self.pid)
        self.assertEqual(self.world.agents(), [self.pid])
        self.assertEqual(self.world.read("username"), self.value)

    def test_on_the_same_socket(self):
        result = self.world.run([str(harness.BIN / "libretto-agent"), "serve"])
        self.assertNotEqual(result.code, 0)
        self.assertIn(str(self.world.socket), result.err)
        self.assert_undisturbed()

    def test_on_another_socket(self):
        other = str(self.world.root / "other.sock")
        result = self.world.run(
            [str(harness.BIN / "libretto-agent"), "serve"],
            env=self.world.environment(LIBRETTO_AGENT_SOCK=other))
        self.assertNotEqual(result.code, 0)
        self.assertIn(str(self.world.socket), result.err)
        self.assert_undisturbed()

    def test_agent_start_is_content_with_the_first(self):
        self.world.must("agent", "start")
        self.assert_undisturbed()

    def test_twenty_at_once(self):
        starts = [subprocess.Popen(
            [harness.BIN / "libretto-agent", "serve"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.world.environment())
            for _ in range(20)]
        for start in starts:
            _, said = start.communicate(timeout=harness.COMMAND_LIMIT_S)
            self.assertNotEqual(start.returncode, 0)
            self.assertIn(b"already running", said)
        self.assert_undisturbed()

    def test_an_open_connection_is_not_cut(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.world.socket))
            self.world.run([str(harness.BIN / "libretto-agent"), "serve"])
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
            connection.settimeout(5)
            self.assertTrue(connection.recv(1))


if __name__ == "__main__":
    harness.main()
