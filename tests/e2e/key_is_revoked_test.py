"""The API key that the agent minted is gone when the agent is."""

import os
import signal
import urllib.error

import harness


class KeyIsRevokedTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")
        self.assertEqual(self.world.read("username"), self.value)
        self.assertEqual(len(self.world.api_keys()), 1)

    def test_after_agent_stop(self):
        self.world.must("agent", "stop")
        self.assertEqual(self.world.api_keys(), [])

    def test_after_logout_and_the_session_with_it(self):
        cookie = self.world.cookie()
        key, = self.world.api_keys()
        self.world.must("cloud", "auth", "logout")
        self.assertFalse(self.world.auth_file.exists())
        self.assert_exit(4, self.world.ctl("read", "username"))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.world.api_keys(cookie)
        self.assertEqual(refused.exception.code, 401)
        # Whoever signs in next sees that the key was not left behind.
        self.world.log_in()
        self.assertNotIn(key, self.world.api_keys())

    def test_the_next_agent_sweeps_what_a_killed_one_left(self):
        left = self.world.api_keys()
        pid = self.world.agent_pid()
        os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not harness.exists(pid), "the agent to die")
        self.assertEqual(self.world.read("username"), self.value)
        harness.wait_for(lambda: left[0] not in self.world.api_keys(),
                         "the old key to be revoked")
        self.assertEqual(len(self.world.api_keys()), 1)

    def test_somebody_elses_key_is_left_alone(self):
        result = self.world.run(["/usr/bin/env", "true"])
        self.assert_exit(0, result)
        request = harness.urllib.request.Request(
            self.world.api_url + "/api/auth/api-key/create",
            data=b'{"name":"not the agent\'s"}', method="POST",
            headers={"Cookie": self.world.cookie(),
                     "Origin": self.world.api_url,
                     "Content-Type": "application/json"})
        with harness.urllib.request.urlopen(request, timeout=10) as reply:
            other = harness.json.load(reply)["id"]
        self.world.must("agent", "stop")
        self.assertEqual(self.world.api_keys(), [other])


if __name__ == "__main__":
    harness.main()
