"""With the cloud away, values are served up to the limit, and said to be old;
when it is back, no command is needed."""

import json
import time

import harness
import scripted_cloud


class OfflineTest(harness.E2eTest):

    def start(self, **settings):
        self.cloud = scripted_cloud.sign_in(self, **settings)
        self.value = self.world.secret("username")
        self.cloud.set("username", self.value)
        self.cloud.set("password", self.world.secret("password"))
        self.world.must("agent", "start")
        self.assertEqual(self.world.read("username"), self.value)

    def answer(self, *options):
        return json.loads(self.world.must("read", "username", "--json",
                                          *options))

    def test_it_is_served_and_one_line_says_how_old_it_is(self):
        self.start()
        self.cloud.away = True
        self.assert_exit(6, self.world.ctl("read", "password"))
        for argv in (("read", "username"),
                     ("run", "--credential", "username", "--", "sh", "-c",
                      "echo $LIBRETTO_CLOUD_USERNAME"),
                     ("env", "--credential", "username", "--format=json"),
                     ("inject",)):
            with self.subTest(argv[0]):
                result = self.world.ctl(
                    *argv, stdin="{{ libretto://username }}")
                self.assert_exit(0, result)
                self.assertIn(self.value, result.out)
                lines = result.err.strip().splitlines()
                self.assertEqual(len(lines), 1, result.err)
                self.assertRegex(lines[0], r"stale: .* username was confirmed "
                                 r"\d+ s ago")
                self.assertNotIn(self.value, result.err)
        answer = self.answer()
        self.assertEqual(answer["source"], "stale")
        self.assertGreater(answer["generation"], 0)
        self.assertNotEqual(self.world.status()["offline_since_unix_s"], 0)

    def test_past_the_limit_it_is_not_served(self):
        self.start(max_offline_s=1)
        self.cloud.away = True
        harness.wait_for(
            lambda: self.world.ctl("read", "username").code == 6,
            "the value to be too old")
        result = self.world.ctl("read", "username")
        self.assert_exit(6, result)
        self.assertIn("too old", result.err)
        self.assertNotIn(self.value, result.out + result.err)

    def test_recovery_needs_no_command(self):
        self.start(sync_interval_s=1)
        self.cloud.away = True
        harness.wait_for(lambda: self.answer()["source"] == "stale",
                         "the agent to notice")
        changed = self.world.secret("the new username")
        self.cloud.set("username", changed)
        self.cloud.away = False
        harness.wait_for(lambda: self.world.read("username") == changed,
                         "the agent to be back in step", seconds=30)
        harness.wait_for(lambda: self.answer()["source"] == "memory",
                         "the value to be called what it is")
        self.assertEqual(self.world.status()["offline_since_unix_s"], 0)

    def test_max_age_and_fresh_say_what_is_accepted(self):
        self.start()
        # What was fetched before the first list is fetched once more after it.
        self.world.must("agent", "sync")
        first = self.answer()
        self.assertEqual(first["source"], "memory")
        self.assertEqual(self.answer("--max-age", "1h")["source"], "memory")
        self.assertEqual(self.answer("--max-age", "0")["source"], "cloud")
        changed = self.world.secret("the new username")
        self.cloud.set("username", changed)
        fresh = self.answer("--fresh")
        self.assertEqual((fresh["source"], fresh["value"]), ("cloud", changed))
        self.assertGreater(fresh["generation"], first["generation"])
        self.cloud.away = True
        self.assertEqual(self.answer("--fresh")["source"], "stale")
        bounded = self.world.ctl("read", "username", "--fresh",
                                 "--max-age", "0")
        self.assert_exit(6, bounded)
        for wrong in ("-1", "soon", "5w", "", "1.5h"):
            self.assert_exit(64, self.world.ctl(
                "read", "username", f"--max-age={wrong}"))

    def test_a_write_in_vain_loses_nothing(self):
        self.start()
        self.cloud.away = True
        push = self.world.ctl(
            "cloud", "credentials", "push",
            env=self.world.environment(LIBRETTO_CLOUD_USERNAME="other"))
        self.assert_exit(6, push)
        self.assertEqual(self.world.read("username"), self.value)


class SlowCloudTest(harness.E2eTest):

    def test_who_reads_what_is_held_never_waits_for_it(self):
        cloud = scripted_cloud.sign_in(self, sync_interval_s=1)
        value = self.world.secret("username")
        cloud.set("username", value)
        self.world.must("agent", "start")
        # What is fetched before the first list is fetched once more after it.
        harness.wait_for(lambda: self.world.status()["last_sync_unix_s"] > 0,
                         "the first list")
        self.assertEqual(self.world.read("username"), value)
        cloud.held.clear()
        begin = time.monotonic()
        # Past the interval: answered at once, and checked behind.
        harness.wait_for(
            lambda: self.world.read("username") == value
            and cloud.since(begin, "list") > 0,
            "a list to be asked for")
        for _ in range(5):
            result = self.world.ctl("read", "username")
            self.assert_exit(0, result)
            self.assertLess(result.seconds, 1 * harness.PATIENCE)


if __name__ == "__main__":
    harness.main()
