"""Whoever asks: one request in flight for a credential, and one clock for all
that the cloud wants to be spared."""

import signal
import subprocess
import time

import harness
import scripted_cloud

READERS = 100


class OneFetchTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.cloud = scripted_cloud.sign_in(self)
        self.cloud.set("username", self.world.secret("username"))
        self.world.must("agent", "start")

    def reader(self, name="username"):
        return subprocess.Popen(
            [harness.BIN / "librettoctl", "read", name],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd="/",
            env=self.world.environment(), start_new_session=True)

    def connected(self, how_many):
        harness.wait_for(
            lambda: self.world.status()["connections"] > how_many,
            f"{how_many} readers to be connected", seconds=60)

    def test_a_hundred_processes_cause_one_request(self):
        self.cloud.held.clear()
        readers = [self.reader() for _ in range(READERS)]
        self.connected(READERS)
        self.cloud.held.set()
        for reader in readers:
            out, err = reader.communicate(timeout=60 * harness.PATIENCE)
            self.assertEqual(reader.returncode, 0, err)
            self.assertEqual(out.strip(),
                             self.cloud.credentials["username"]["value"])
        self.assertEqual(self.cloud.count("get"), 1)
        self.assertEqual(self.cloud.count("create"), 1)  # the leased key

    def test_who_gives_up_does_not_end_it_for_the_others(self):
        self.cloud.held.clear()
        first, second = self.reader(), self.reader()
        self.connected(2)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=10)
        self.cloud.held.set()
        out, err = second.communicate(timeout=20 * harness.PATIENCE)
        self.assertEqual(second.returncode, 0, err)
        self.assertEqual(out.strip(),
                         self.cloud.credentials["username"]["value"])
        self.assertEqual(self.cloud.count("get"), 1)


class LimitingCloudTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.cloud = scripted_cloud.sign_in(self)
        for name in ("username", "password", "token"):
            self.cloud.set(name, self.world.secret(name))
        self.start()

    def start(self):
        lists = self.cloud.count("list")
        self.world.must("agent", "start")
        harness.wait_for(lambda: self.cloud.count("list") > lists,
                         "the first list")

    def requests(self):
        return self.cloud.count("get") + self.cloud.count("list")

    def limit(self, headers, status=429):
        self.cloud.refusal = (
            status, headers,
            {"json": {"defined": False, "code": "X", "status": status,
                      "message": "Too many requests"}})

    def test_either_header_holds_for_every_caller_and_name(self):
        for headers in ({"Retry-After": "30"}, {"X-Retry-After": "30"},
                        {"Retry-After": "1", "X-Retry-After": "30"}):
            with self.subTest(headers):
                self.limit(headers)
                self.assert_exit(7, self.world.ctl("read", "username"))
                asked = self.requests()
                for name in ("username", "password", "token"):
                    result = self.world.ctl("read", name)
                    self.assert_exit(7, result)
                    self.assertIn("Too many requests", result.err)
                self.assert_exit(7, self.world.ctl("agent", "sync"))
                self.assertEqual(self.requests(), asked)
                status = self.world.status()
                self.assertEqual(status["requests"], "asks_to_wait")
                left = status["retry_unix_s"] - time.time()
                self.assertTrue(20 < left <= 31, left)
                self.world.must("agent", "stop")
                self.cloud.refusal = None
                self.start()

    def test_a_short_wait_is_waited_out(self):
        self.limit({"Retry-After": "1"})
        self.assert_exit(7, self.world.ctl("read", "username"))
        self.cloud.refusal = None
        self.assertEqual(self.world.read("username"),
                         self.cloud.credentials["username"]["value"])

    def test_503_with_retry_after_is_a_wait_too(self):
        self.limit({"Retry-After": "30"}, status=503)
        self.assert_exit(7, self.world.ctl("read", "username"))
        asked = self.requests()
        self.assert_exit(7, self.world.ctl("read", "password"))
        self.assertEqual(self.requests(), asked)

    def test_what_is_held_is_served_while_the_cloud_asks_to_wait(self):
        value = self.world.read("username")
        self.limit({"Retry-After": "30"})
        self.assert_exit(7, self.world.ctl("read", "password"))
        result = self.world.ctl("read", "username", "--fresh")
        self.assert_exit(0, result)
        self.assertEqual(result.out.strip(), value)
        self.assertIn("stale", result.err)

    def test_a_failing_cloud_is_probed_and_not_stormed(self):
        self.limit({}, status=500)
        before = self.requests()
        begin = time.monotonic()
        for _ in range(25):
            self.assert_exit(6, self.world.ctl("read", "username"))
        took = time.monotonic() - begin
        # The waits are at least 0.5, 1, 2, 4 seconds and so on.
        probes, wait = 1, 0.5
        while took > wait:
            took, probes, wait = took - wait, probes + 1, wait * 2
        self.assertLessEqual(self.requests() - before, probes + 1)
        self.assertIn(self.world.status()["requests"], ("failing", "probed"))
        # No command is needed for it to be found well again.
        self.cloud.refusal = None
        harness.wait_for(
            lambda: self.world.ctl("read", "username").code == 0,
            "the agent to ask again", seconds=30)

    def test_a_sync_pauses_and_goes_on(self):
        for number in range(200):
            self.cloud.set(f"c{number}", "value")
        self.cloud.refusals[("get", 50)] = (
            429, {"Retry-After": "3"}, {"json": {"message": "slow down"}})
        result = self.world.ctl("agent", "sync")
        self.assert_exit(0, result)
        self.assertIn("203 credentials, 203 fetched", result.out)
        self.assertIn("cannot be asked for 3 s", result.err)
        # What was on its way when the cloud said so may still have got there.
        gets = [when for when, what in self.cloud.asked if what == "get"]
        pause = max(after - before for before, after in zip(gets, gets[1:]))
        self.assertGreater(pause, 2)


if __name__ == "__main__":
    harness.main()
