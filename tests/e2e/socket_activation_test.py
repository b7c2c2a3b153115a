"""The agent takes over systemd's socket, and says how it is."""

import os
import pathlib
import socket
import unittest

import harness
import serving

NOBODY = 65534


class SocketActivationTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.notify.bind(str(self.world.root / "notify"))
        self.notify.settimeout(20 * harness.PATIENCE)

    def activated(self, *flags, **more):
        """An agent that gets a listening socket as descriptor 3."""
        self.world.socket.parent.mkdir(mode=0o700)
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.world.socket))
        listening.listen()
        os.chmod(self.world.socket, 0o600)
        passed = listening.fileno()
        agent = serving.Served(
            self.world, "/bin/sh", "-c",
            f'exec 3<&{passed} {passed}<&-; LISTEN_PID=$$ exec "$@" '
            f'--socket-activation {" ".join(flags)}', "sh",
            env=self.world.environment(
                LD_BIND_NOW="1", LISTEN_FDS="1", WATCHDOG_USEC="200000",
                NOTIFY_SOCKET=str(self.world.root / "notify"), **more),
            pass_fds=[passed])
        self.addCleanup(agent.stop)
        return agent

    def heard(self, state):
        """Waits until the agent has said it."""
        while self.notify.recv(100).decode() != state:
            pass

    def test_serves_on_it_and_leaves_it_behind(self):
        agent = self.activated()
        self.heard("READY=1")
        self.assertEqual(self.world.agent_pid(), agent.pid)
        self.assertEqual(self.world.status()["socket"], str(self.world.socket))
        self.heard("WATCHDOG=1")
        self.heard("WATCHDOG=1")
        self.world.must("agent", "stop")
        self.heard("STOPPING=1")
        self.assertEqual(agent.process.wait(timeout=20), 0)
        self.assertTrue(self.world.socket.exists())

    def test_nothing_is_refused_between_two_agents(self):
        self.activated()
        self.heard("READY=1")
        self.world.must("agent", "stop")
        # Who connects now waits for the next one, instead of being refused.
        with socket.socket(socket.AF_UNIX) as early:
            early.connect(str(self.world.socket))

    def test_without_a_socket_it_says_what_to_type(self):
        agent = serving.Served(self.world, "/bin/sh", "-c",
                               'exec "$@" --socket-activation', "sh")
        self.assertEqual(agent.process.wait(timeout=20), 1)
        self.assertIn("systemctl --user start libretto-agent.socket",
                      agent.said())

    @unittest.skipUnless(os.geteuid() == 0, "needs to be another user")
    def test_a_readable_program_is_refused_where_that_is_asked(self):
        serving.give_to(self.world, NOBODY)

        def serve(mode):
            program = self.world.root / "libretto-agent"
            program.write_bytes(pathlib.Path(serving.AGENT).read_bytes())
            program.chmod(mode)
            serving.AGENT, before = program, serving.AGENT
            try:
                return serving.Served(
                    self.world, "/bin/sh", "-c",
                    'exec "$@" --require-unreadable', "sh", user=NOBODY)
            finally:
                serving.AGENT = before

        agent = serve(0o755)
        self.assertEqual(agent.process.wait(timeout=20), 1)
        self.assertIn("chmod 0711", agent.said())
        agent = serve(0o711)
        self.addCleanup(agent.stop)
        agent.until_ready()


if __name__ == "__main__":
    harness.main()
