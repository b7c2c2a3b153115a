"""SIGTERM and SIGINT end the agent cleanly; so does `agent stop`."""

import os
import signal

import harness


class CleanStopTest(harness.E2eTest):

    def assert_gone(self, pid):
        harness.wait_for(lambda: not harness.exists(pid), "the agent to end")
        self.assertFalse(self.world.socket.exists())
        self.assert_no_agent()

    def test_a_signal_takes_socket_and_key_with_it(self):
        self.world.signed_up()
        self.world.store("username")
        for number in (signal.SIGTERM, signal.SIGINT):
            self.world.read("username")
            self.assertEqual(len(self.world.api_keys()), 1)
            pid = self.world.agent_pid()
            os.kill(pid, number)
            self.assert_gone(pid)
            self.assertEqual(self.world.api_keys(), [])

    def test_agent_stop_returns_when_it_has_stopped(self):
        self.world.signed_up()
        self.world.store("username")
        pid = self.world.agent_pid()
        self.world.must("agent", "stop")
        self.assertFalse(self.world.socket.exists())
        self.assertEqual(self.world.api_keys(), [])
        self.assert_gone(pid)

    def test_stopping_where_nothing_runs_is_fine(self):
        result = self.world.ctl("agent", "stop")
        self.assertIn(result.code, (0, 2), result.err)
        self.assert_no_agent()

    def test_it_stops_without_a_cloud_too(self):
        self.world.signed_up()
        self.world.store("username")
        self.world.stop_cloud()
        pid = self.world.agent_pid()
        self.world.must("agent", "stop")
        self.assert_gone(pid)


if __name__ == "__main__":
    harness.main()
