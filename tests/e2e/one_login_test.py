"""One login, one agent, every terminal."""

import os

import harness


class OneLoginTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")

    def test_another_terminal_needs_no_login(self):
        pid = self.world.agent_pid()
        bare = {"HOME": str(self.world.home),
                "XDG_RUNTIME_DIR": str(self.world.runtime)}
        self.assertEqual(
            self.world.read("libretto://username", env=bare, cwd="/usr"),
            self.value)
        self.assertEqual(self.world.agent_pid(), pid)

    def test_what_one_stores_the_other_reads(self):
        stored = self.world.store("password")
        self.assertEqual(self.world.read("password"), stored)
        changed = self.world.secret("changed")
        self.world.must("cloud", "credentials", "update", "password",
                        "--value-stdin", stdin=changed)
        self.assertEqual(self.world.read("password"), changed)
        self.world.must("cloud", "credentials", "delete", "password")
        self.assert_exit(5, self.world.ctl("read", "password"))

    def test_names_are_folded_as_workflows_fold_them(self):
        self.assertEqual(self.world.read("  UserName "), self.value)

    def test_a_shell_without_xdg_finds_the_running_agent(self):
        pid = self.world.agent_pid()
        bare = {"HOME": str(self.world.home)}
        self.assertEqual(self.world.read("username", env=bare), self.value)
        self.assertEqual(self.world.status(env=bare)["pid"], pid)
        self.assertEqual(self.world.agents(), [pid])

    def test_the_session_outlives_the_agent(self):
        self.world.must("agent", "stop")
        self.assertEqual(self.world.read("username"), self.value)

    def test_a_logout_is_for_all(self):
        self.world.must("cloud", "auth", "logout")
        self.assert_exit(4, self.world.ctl("read", "username"))

    def test_a_cookie_stays_with_its_cloud(self):
        # A caller who means another cloud is logged in nowhere there.
        elsewhere = self.world.environment(
            LIBRETTO_API_URL="http://127.0.0.1:1")
        result = self.world.ctl("read", "username", env=elsewhere)
        self.assert_exit(4, result)
        self.assertIn("nobody is logged in at http://127.0.0.1:1", result.err)
        self.assertEqual(self.world.read("username"), self.value)

    def test_nothing_is_left_in_the_home_but_what_is_documented(self):
        left = {str(path.relative_to(self.world.home))
                for path in self.world.home.rglob("*") if path.is_file()}
        self.assertLessEqual(left, {
            ".libretto/auth.json", ".libretto/agent.lock",
            ".libretto/agent-keys.json", ".libretto/audit.key",
            ".libretto/audit.head", ".local/state/libretto/audit.jsonl",
            ".local/state/libretto/agent.log"})
        self.assertEqual(os.stat(self.world.socket).st_mode & 0o777, 0o600)
        self.assertEqual(
            os.stat(self.world.socket.parent).st_mode & 0o777, 0o700)


if __name__ == "__main__":
    harness.main()
