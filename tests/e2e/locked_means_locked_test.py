"""Locked means locked: no verb gets anything, and the session rests sealed."""

import json
import os
import signal
import stat

import harness

# Every verb that needs the session.
REFUSED = [
    ["cloud", "auth", "whoami"],
    ["cloud", "auth", "whoami", "--offline"],
    ["cloud", "auth", "logout"],
    ["cloud", "auth", "login", "--email", "c@example.test",
     "--password-stdin"],
    ["cloud", "auth", "login", "--browser", "--no-open"],
    ["cloud", "auth", "invite", "d@example.test"],
    ["cloud", "auth", "accept-invite", "slug", "id"],
    ["cloud", "auth", "delete-account", "--email", "c@example.test", "--yes"],
    ["cloud", "auth", "api-key", "issue", "--label", "x"],
    ["cloud", "auth", "api-key", "list"],
    ["cloud", "auth", "api-key", "revoke", "id"],
    ["cloud", "credentials", "create", "other", "--value-stdin"],
    ["cloud", "credentials", "list"],
    ["cloud", "credentials", "get", "username"],
    ["cloud", "credentials", "update", "username", "--value-stdin"],
    ["cloud", "credentials", "delete", "username"],
    ["--profile", "another", "cloud", "credentials", "list"],
    ["agent", "sync"],
    ["read", "username"],
    ["env", "--credential", "username"],
]
REFUSED_RUNS = [
    ["run", "--credential", "username", "--", "true"],
    ["run", "--all", "--", "true"],
    ["run", "--cloud-key", "--", "true"],
    ["run", "--mask", "--credential", "username", "--", "true"],
]


class LockedMeansLockedTest(harness.E2eTest):

    def assert_locked(self):
        self.assertEqual(self.world.session(), "locked")

    def test_nothing_is_served_and_everything_is_afterwards(self):
        self.world.enrolled()
        value = self.world.store("username")
        self.assertEqual(self.world.read("username"), value)
        self.assertEqual(self.world.must("agent", "lock"), "Locked.\n")
        for arguments in REFUSED + REFUSED_RUNS:
            with self.subTest(" ".join(arguments)):
                result = self.world.ctl(*arguments, stdin="x")
                self.assert_exit(125 if arguments in REFUSED_RUNS else 4,
                                 result)
                self.assertIn("the agent is locked", result.err)
                self.assertIn("librettoctl agent unlock", result.err)
                self.assertNotIn(value, result.out + result.err)
        self.assert_exit(0, self.world.unlock())
        self.assertEqual(self.world.read("username"), value)

    def test_the_status_says_so_and_names_nobody(self):
        self.world.enrolled()
        self.world.must("agent", "lock")
        status = self.world.status()
        self.assertTrue(status["enrolled"])
        self.assertEqual(status["locked_because"], "it was told to")
        self.assertIsNone(status["email"])
        self.assertEqual(status["key"], "none")
        self.assertIn("locked, because it was told to",
                      self.world.must("agent", "status"))

    def test_the_session_rests_sealed(self):
        self.world.signed_up()
        cookie = self.world.cookie()
        token = cookie.split("=", 1)[1][:20]
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        self.assertFalse(self.world.auth_file.exists())
        for name in ("session.sealed", "passphrase.sealed"):
            file = self.world.state / name
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        for file in self.world.state.rglob("*"):
            if file.is_file():
                data = file.read_bytes()
                self.assertNotIn(token.encode(), data, file)
                self.assertNotIn(self.world.email.encode(), data, file)
        # The public command is served by a key instead.
        self.assertTrue(self.world.must(
            "run", "--cloud-key", "--", "/bin/sh", "-c",
            'printf %s "$LIBRETTO_API_KEY"'))

    def test_the_api_key_is_revoked(self):
        self.world.signed_up()
        cookie = self.world.cookie()
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        self.world.store("username")
        self.assertEqual(len(self.world.api_keys(cookie)), 1)
        self.world.must("agent", "lock")
        harness.wait_for(lambda: not self.world.api_keys(cookie),
                         "the API key to be revoked")

    def test_without_a_passphrase_there_is_no_lock(self):
        self.world.signed_up()
        value = self.world.store("username")
        result = self.world.ctl("agent", "lock")
        self.assert_exit(3, result)
        self.assertIn("no passphrase is enrolled", result.err)
        self.assertIn("librettoctl agent enroll", result.err)
        self.assertIn("librettoctl agent forget", result.err)
        self.world.must("agent", "forget")
        self.assertEqual(self.world.status()["cached"], 0)
        self.assertEqual(self.world.read("username"), value)

    def test_sigusr1_locks(self):
        self.world.enrolled()
        os.kill(self.world.agent_pid(), signal.SIGUSR1)
        harness.wait_for(lambda: self.world.session() == "locked",
                         "the agent to lock")
        self.assertEqual(self.world.status()["locked_because"], "of SIGUSR1")

    def test_sigusr1_ends_no_agent_without_a_passphrase(self):
        self.world.signed_up()
        pid = self.world.agent_pid()
        os.kill(pid, signal.SIGUSR1)
        self.assertEqual(self.world.agent_pid(), pid)
        self.assertEqual(self.world.session(), "signed_in")

    def test_all_profiles_are_locked(self):
        self.world.enrolled()
        self.world.log_in(env=self.world.environment(LIBRETTO_PROFILE="work"))
        sealed = self.world.state / "profiles/work/session.sealed"
        self.assertTrue(sealed.exists())
        self.assertFalse(sealed.with_name("auth.json").exists())
        self.world.must("agent", "lock")
        result = self.world.ctl("--profile", "work", "cloud", "auth", "whoami")
        self.assert_exit(4, result)
        self.assert_exit(0, self.world.unlock())
        self.world.must("--profile", "work", "cloud", "auth", "whoami")

    def test_a_login_of_the_public_command_is_sealed(self):
        self.world.signed_up()
        text = self.world.auth_file.read_text()
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        # Unlocked: at once. The same session, as if by another login.
        self.world.auth_file.write_text(text)
        self.world.auth_file.chmod(0o600)
        harness.wait_for(lambda: not self.world.auth_file.exists(),
                         "the login to be sealed")
        self.world.must("cloud", "auth", "whoami")
        # Locked: with the unlock; it unlocks nothing by itself.
        self.world.must("agent", "lock")
        self.world.auth_file.write_text(text)
        self.assert_locked()
        self.assert_exit(4, self.world.ctl("cloud", "auth", "whoami"))
        self.assert_exit(0, self.world.unlock())
        self.assertFalse(self.world.auth_file.exists())
        self.world.must("cloud", "auth", "whoami")

    def test_unenrolling_goes_back(self):
        self.world.enrolled()
        wrong = self.world.ctl("agent", "unenroll", "--passphrase-stdin",
                               stdin="something else")
        self.assert_exit(4, wrong)
        self.assertFalse(self.world.auth_file.exists())
        self.world.must("agent", "unenroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        auth = json.loads(self.world.auth_file.read_text())
        self.assertEqual(auth["session"]["email"], self.world.email)
        self.assertEqual(list(self.world.state.glob("*.sealed")), [])
        self.world.must("cloud", "auth", "whoami")
        self.assert_exit(3, self.world.ctl("agent", "lock"))

    def test_who_has_lost_the_passphrase_logs_in_again(self):
        self.world.enrolled()
        value = self.world.store("username")
        self.world.must("agent", "lock")
        self.world.must("agent", "unenroll", "--discard")
        self.assert_exit(4, self.world.ctl("read", "username"))
        self.world.log_in()
        self.assertEqual(self.world.read("username"), value)

    def test_a_damaged_file_is_named_and_kept(self):
        self.world.enrolled()
        self.world.must("agent", "stop")
        file = self.world.state / "passphrase.sealed"
        whole = file.read_bytes()
        file.write_bytes(whole[:50])
        self.world.must("agent", "start")
        self.assert_locked()
        result = self.world.unlock()
        self.assert_exit(1, result)
        self.assertIn("passphrase.sealed", result.err)
        self.assertEqual(file.read_bytes(), whole[:50])
        file.write_bytes(whole)
        self.assert_exit(0, self.world.unlock())
        self.world.must("cloud", "auth", "whoami")

    def test_a_key_of_ones_own_is_not_locked(self):
        self.world.enrolled()
        value = self.world.store("username")
        key = json.loads(self.world.must(
            "cloud", "auth", "api-key", "issue", "--label", "own",
            "--json"))["key"]
        self.world.must("agent", "lock")
        self.assertEqual(self.world.read(
            "username", env=self.world.environment(LIBRETTO_API_KEY=key)),
            value)


if __name__ == "__main__":
    harness.main()
