"""kill -9 of the agent costs nothing: the next command is served again."""

import os
import signal
import socket

import harness


class KilledAgentTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")

    def kill(self):
        pid = self.world.agent_pid()
        os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not harness.exists(pid), "the agent to die")

    def test_the_next_command_starts_another_and_is_served(self):
        for _ in range(5):
            self.kill()
            self.assertTrue(self.world.socket.exists(), "no stale socket left")
            self.assertEqual(self.world.read("username"), self.value)
        self.assertEqual(len(self.world.agents()), 1)

    def test_agent_start_replaces_a_stale_socket(self):
        self.kill()
        with socket.socket(socket.AF_UNIX) as knocking:
            self.assertRaises(ConnectionRefusedError, knocking.connect,
                              str(self.world.socket))
        self.world.must("agent", "start")
        self.assertEqual(self.world.read("username"), self.value)

    def test_many_commands_at_once_start_one_agent(self):
        self.kill()
        commands = [harness.subprocess.Popen(
            [harness.BIN / "librettoctl", "read", "username"],
            stdin=harness.subprocess.DEVNULL, stdout=harness.subprocess.PIPE,
            stderr=harness.subprocess.PIPE, env=self.world.environment())
            for _ in range(12)]
        for command in commands:
            out, err = command.communicate(timeout=harness.COMMAND_LIMIT_S)
            self.assertEqual(command.returncode, 0, err.decode())
            self.assertEqual(out.decode().strip(), self.value)
        self.assertEqual(len(self.world.agents()), 1)


if __name__ == "__main__":
    harness.main()
