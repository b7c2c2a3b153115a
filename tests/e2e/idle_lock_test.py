"""The agent locks by itself when no caller has needed the session for long."""

import harness


class IdleLockTest(harness.E2eTest):

    def restart_with(self, setting):
        folder = self.world.home / ".config/libretto"
        folder.mkdir(parents=True)
        (folder / "agent.toml").write_text(f"{setting}\n")
        self.world.must("agent", "stop")
        self.world.must("agent", "start")

    def test_it_locks_and_says_why(self):
        self.world.enrolled()
        value = self.world.store("username")
        self.restart_with('idle_lock = "1s"')
        self.assert_exit(0, self.world.unlock())
        # Looking at its status is not needing it.
        harness.wait_for(lambda: self.world.session() == "locked",
                         "the agent to lock")
        status = self.world.status()
        self.assertEqual(status["idle_lock_s"], 1)
        self.assertEqual(status["locked_because"],
                         "nobody needed it for 1 s")
        self.assert_exit(0, self.world.unlock())
        self.restart_again_without()
        self.assertEqual(self.world.read("username"), value)

    def restart_again_without(self):
        (self.world.home / ".config/libretto/agent.toml").unlink()
        self.world.must("agent", "stop")
        self.world.must("agent", "start")
        self.assert_exit(0, self.world.unlock())

    def test_without_a_passphrase_it_never_does(self):
        self.world.signed_up()
        self.restart_with('idle_lock = "1s"')
        self.world.must("cloud", "auth", "whoami")
        self.assertIn("no passphrase is enrolled",
                      self.world.must("agent", "status"))

    def test_a_time_that_is_none_is_named(self):
        self.world.start_cloud()
        folder = self.world.home / ".config/libretto"
        folder.mkdir(parents=True)
        (folder / "agent.toml").write_text('idle_lock = "soon"\n')
        result = self.world.ctl("agent", "start")
        self.assertNotEqual(result.code, 0)
        self.assertIn("line 1", result.err)
        self.assertIn("idle_lock", result.err)


if __name__ == "__main__":
    harness.main()
