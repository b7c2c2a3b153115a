"""The memory follows the cloud: a list now and then, and only what changed."""

import concurrent.futures
import json
import re
import time

import harness
import scripted_cloud
import terminal


class StaysInStepTest(harness.E2eTest):

    def start(self, **settings):
        self.cloud = scripted_cloud.sign_in(self, **settings)
        for name in ("one", "two", "three"):
            self.cloud.set(name, self.world.secret(name))
        self.world.must("agent", "start")
        self.world.must("agent", "sync")

    def sync(self):
        before = self.cloud.requests.copy()
        said = json.loads(self.world.must("agent", "sync", "--json"))
        return said, dict(self.cloud.requests - before)

    def test_nothing_changed_costs_one_request(self):
        self.start()
        said, cost = self.sync()
        self.assertEqual(cost, {"list": 1})
        self.assertEqual(said, {"known": 3, "fetched": 0, "dropped": 0})

    def test_only_what_changed_is_fetched_and_what_is_gone_is_dropped(self):
        self.start()
        self.cloud.set("two", self.world.secret("two, changed"))
        del self.cloud.credentials["three"]
        said, cost = self.sync()
        self.assertEqual(cost, {"list": 1, "get": 1})
        self.assertEqual(said, {"known": 2, "fetched": 1, "dropped": 1})
        self.assertEqual(self.world.read("two"),
                         self.world.secrets["two, changed"])
        self.assert_exit(5, self.world.ctl("read", "three"))

    def test_one_list_for_each_interval_while_there_are_callers(self):
        self.start(sync_interval_s=1, idle_sync_interval_s=3600)
        begin = time.monotonic()
        while time.monotonic() < begin + 4:
            self.world.read("one")
        lists = self.cloud.since(begin, "list")
        self.assertTrue(2 <= lists <= 5, lists)
        self.assertEqual(self.cloud.since(begin, "get"), 0)
        # And none without callers, but for the one that the last call is for.
        time_of_last_call = time.monotonic()
        harness.wait_for(
            lambda: self.world.status()["next_sync_unix_s"]
            > time.time() + 60, "the agent to be idle")
        self.assertLessEqual(self.cloud.since(time_of_last_call, "list"), 1)

    def test_a_login_lists_at_once(self):
        self.cloud = scripted_cloud.sign_in(self)
        self.world.must("agent", "start")
        harness.wait_for(lambda: self.cloud.count("list") == 1,
                         "the first list")

    def test_the_first_sync_runs_many_requests_over_few_connections(self):
        self.cloud = scripted_cloud.sign_in(self)
        for number in range(300):
            self.cloud.set(f"c{number}", "value")
        self.cloud.delay_s = 0.02
        self.world.must("agent", "start")
        out = self.world.ctl("agent", "sync")
        self.assert_exit(0, out)
        self.assertIn("300 credentials, 300 fetched", out.out)
        # No terminal: a line for each tenth instead of a bar.
        self.assertIn(len(re.findall(r"fetched \d+ of 300\n", out.err)),
                      range(2, 12))
        self.assertNotIn("\r", out.err)
        self.assertLessEqual(self.cloud.connections, 40)
        self.assertGreater(self.cloud.most_at_once, 10)
        self.assertEqual(self.cloud.count("get"), 300)

    def test_on_a_terminal_there_is_a_bar(self):
        self.cloud = scripted_cloud.sign_in(self)
        for number in range(50):
            self.cloud.set(f"c{number}", "value")
        self.world.must("agent", "start")
        shown = terminal.Terminal(self.world, "agent", "sync")
        self.addCleanup(shown.close)
        shown.expect("[")
        shown.expect("] 50/50")
        shown.expect("50 credentials")
        self.assertEqual(shown.end(), 0)


class WritesTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.cloud = scripted_cloud.sign_in(self)
        self.cloud.set("shared", self.world.secret("shared"))
        self.world.read("shared")

    def test_a_write_is_seen_by_every_terminal_that_asks_after_it(self):
        for number in range(10):
            value = self.world.secret(f"value {number}")
            self.world.must("cloud", "credentials", "update", "shared",
                            "--value-stdin", stdin=value)
            with concurrent.futures.ThreadPoolExecutor() as pool:
                for seen in pool.map(lambda _: self.world.read("shared"),
                                     range(4)):
                    self.assertEqual(seen, value)

    def test_a_miss_is_not_remembered_across_a_write(self):
        self.assert_exit(5, self.world.ctl("read", "later"))
        asked = self.cloud.count("get")
        self.assert_exit(5, self.world.ctl("read", "later"))
        self.assertEqual(self.cloud.count("get"), asked)
        value = self.world.secret("later")
        self.world.must("cloud", "credentials", "create", "later",
                        "--value-stdin", stdin=value)
        self.assertEqual(self.world.read("later"), value)

    def test_of_two_writers_the_loser_does_not_stay(self):
        """Readers and two writers at once; the cloud has the last word."""
        def write(number):
            self.world.must("cloud", "credentials", "update", "shared",
                            "--value-stdin", stdin=f"writer {number}")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for round_ in range(10):
                writers = [pool.submit(write, 2 * round_ + i) for i in (0, 1)]
                readers = [pool.submit(self.world.ctl, "read", "shared")
                           for _ in range(3)]
                for done in writers:
                    done.result()
                for done in readers:
                    self.assert_exit(0, done.result())
                self.assertEqual(self.world.read("shared"),
                                 self.cloud.credentials["shared"]["value"])


class LyingCloudTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.cloud = scripted_cloud.sign_in(self, sync_interval_s=3600)
        self.value = self.world.secret("username")
        self.cloud.set("username", self.value)
        self.assertEqual(self.world.read("username"), self.value)

    def test_rubbish_in_place_of_a_list_leaves_the_memory_as_it_was(self):
        for refusal in ((200, {}, b"\x00garbage"),
                        (200, {}, b'{"json":{"credentials":7}}'),
                        (200, {}, b'{"json":{"credentials":[{"name":7}]}}'),
                        (404, {}, b"<html>no such page</html>")):
            with self.subTest(refusal):
                self.cloud.refusal = refusal
                self.assertNotEqual(self.world.ctl("agent", "sync").code, 0)
                self.assertEqual(self.world.read("username"), self.value)
                self.cloud.refusal = None
                harness.wait_for(
                    lambda: self.world.ctl("agent", "sync").code == 0,
                    "the agent to recover", seconds=20)

    def test_a_time_that_never_moves_is_caught_by_fresh(self):
        self.cloud.list_entry = lambda entry: {
            **entry, "updated_at": scripted_cloud.at(1)}
        self.world.must("agent", "sync")
        changed = self.world.secret("username, changed")
        self.cloud.set("username", changed)
        self.world.must("agent", "sync")
        self.assertEqual(self.world.read("username"), self.value)  # so it said
        self.assertEqual(self.world.must("read", "username", "--fresh").strip(), changed)
        self.assertEqual(self.world.read("username"), changed)

    def test_a_time_that_always_moves_costs_one_fetch_for_each_list(self):
        moments = iter(range(10, 10_000))
        self.cloud.list_entry = lambda entry: {
            **entry, "updated_at": scripted_cloud.at(next(moments))}
        # The list that follows a login may still be under way.
        self.world.must("agent", "sync")
        for _ in range(3):
            gets, lists = self.cloud.count("get"), self.cloud.count("list")
            self.world.must("agent", "sync")
            self.assertEqual(self.cloud.count("get") - gets,
                             self.cloud.count("list") - lists)
            self.assertEqual(self.world.read("username"), self.value)

    def test_no_time_at_all_confirms_nothing(self):
        self.cloud.list_entry = lambda entry: {
            key: said for key, said in entry.items() if key != "updated_at"}
        changed = self.world.secret("username, changed")
        self.cloud.set("username", changed)
        self.world.must("agent", "sync")
        self.assertEqual(self.world.read("username"), changed)


if __name__ == "__main__":
    harness.main()
