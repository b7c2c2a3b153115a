"""`explain` tells whether a credential would be had, by which rule, from where,
how old it is, and who read it last; and changes nothing."""

import json
import subprocess

import harness


class ExplainTest(harness.E2eTest):

    def explain(self, name):
        told = json.loads(self.world.must("explain", name, "--json"))
        return told, (told["verdict"], told["rule"], told["source"])

    def test_from_no_login_to_memory_to_a_cloud_that_is_away(self):
        world = self.world
        world.start_cloud()
        told, verdict = self.explain("username")
        self.assertEqual(verdict, ("no", "session", None))
        self.assertEqual(told["remedy"], "librettoctl cloud auth login")

        world.sign_up()
        self.assertEqual(self.explain("username")[0]["verdict"],
                         "cloud_decides")
        world.store("username")
        world.must("cloud", "credentials", "list")
        told, verdict = self.explain(" libretto://UserName".strip())
        self.assertEqual(verdict, ("yes", "list", "cloud"))
        self.assertEqual(told["name"], "username")
        self.assertIsNone(told["age_ms"])
        self.assertIsNone(told["last_read"])
        self.assertEqual(self.explain("missing")[1],
                         ("cloud_decides", "list", None))
        told, verdict = self.explain("not a name")
        self.assertEqual(verdict, ("no", "name", None))
        self.assertIn("a-z", told["why_not"])

        reader = subprocess.Popen(
            [str(harness.BIN / "librettoctl"), "read", "username"],
            env=world.environment(), stdout=subprocess.DEVNULL)
        self.assertEqual(reader.wait(harness.COMMAND_LIMIT_S), 0)
        told, verdict = self.explain("username")
        self.assertEqual(verdict, ("yes", "cache", "memory"))
        self.assertGreaterEqual(told["age_ms"], 0)
        self.assertEqual(told["last_read"]["pid"], reader.pid)
        self.assertEqual(told["last_read"]["process"], "librettoctl")
        human = world.must("explain", "username")
        self.assertIn("yes: its value is in the agent's memory", human)
        self.assertIn(f"process {reader.pid}", human)

        world.stop_cloud()
        world.ctl("read", "nobody")  # the agent notices
        told, verdict = self.explain("username")
        self.assertEqual(verdict, ("yes", "cache", "stale"))
        self.assertIn("cannot be reached", world.must("explain", "username"))

    def test_it_fetches_nothing(self):
        self.world.signed_up()
        self.world.store("username")
        self.world.must("cloud", "credentials", "list")
        before = self.world.status()
        self.explain("username")
        after = self.world.status()
        self.assertEqual((before["misses"], before["cached"]),
                         (after["misses"], after["cached"]))

    def test_a_question_is_in_the_audit_log_too(self):
        self.world.signed_up()
        self.world.must("explain", "username")
        self.assertIn("Credentials.Explain username", self.world.must(
            "audit", "tail"))


if __name__ == "__main__":
    harness.main()
