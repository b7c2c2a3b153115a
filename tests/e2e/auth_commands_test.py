"""Every command under `cloud auth`, against a real agent and a real cloud."""

import json
import re
import subprocess

import clouds
import harness


class AuthCommandsTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()

    # What the tests are told in.

    def auth(self, *arguments, profile=None, stdin="", env=None):
        extra = ["--profile", profile] if profile else []
        return self.world.ctl("cloud", "auth", *arguments, *extra,
                              stdin=stdin, env=env)

    def auth_json(self, *arguments, **more):
        result = self.auth(*arguments, "--json", **more)
        self.assert_exit(0, result)
        return json.loads(result.out)

    def log_in(self, password, email=None):
        return self.auth("login", "--email", email or self.world.email,
                         "--password-stdin", stdin=password)

    def invite(self, email, *more):
        return self.auth_json("invite", email, *more)

    # Logging in.

    def test_login_with_a_wrong_password_says_so(self):
        result = self.log_in("not the password")
        self.assert_exit(4, result)
        self.assert_explained(result)
        self.assertIn("password is wrong", result.err)
        # The login that there was stays.
        self.assert_exit(0, self.auth("whoami"))

    def test_an_unknown_address_is_told_the_same(self):
        self.assertEqual(self.log_in("x" * 12, "nobody@example.test").err,
                         self.log_in("x" * 12).err)

    def test_browser_login(self):
        cookie = self.world.cookie()
        page = subprocess.Popen(
            [harness.BIN / "librettoctl", "cloud", "auth", "login",
             "--browser", "--profile", "laptop"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.world.environment(), text=True, start_new_session=True)
        self.addCleanup(page.kill)
        self.addCleanup(page.stdout.close)
        self.addCleanup(page.stderr.close)
        shown = ""
        while "cliLoginSecret" not in shown:
            line = page.stderr.readline()
            self.assertNotEqual(line, "", shown)
            shown += line
        found = re.search(r"(http://\S+)/signin\?cliLoginId=([^&\s]+)"
                          r"&cliLoginSecret=([^&\s]+)", shown)
        self.assertEqual(found.group(1), self.world.api_url)
        status, body = self.world.post(
            "/v1/auth/cliLoginApprove",
            {"json": {"requestId": found.group(2), "secret": found.group(3)}},
            Cookie=cookie)
        self.assertEqual(status, 200, body)
        out, err = page.communicate(timeout=harness.COMMAND_LIMIT_S)
        self.assertEqual(page.returncode, 0, err)
        self.assertEqual(out, f"Logged in as {self.world.email}.\n")
        self.assertEqual(
            self.auth_json("whoami", profile="laptop")["email"],
            self.world.email)
        self.assertTrue((self.world.state / "profiles/laptop/auth.json")
                        .exists())

    def test_forgot_password(self):
        result = self.auth("forgot-password", "--email", self.world.email)
        self.assert_exit(0, result)
        self.assertEqual(result.out, "Password reset link sent to "
                         f"{self.world.email}.\n")
        token = re.search(r"(?:reset-password/|token=)([A-Za-z0-9_.-]+)",
                          self.world.newest_mail().text).group(1)
        fresh = self.world.secret("new password")
        status, body = self.world.post("/api/auth/reset-password",
                                 {"newPassword": fresh, "token": token})
        self.assertEqual(status, 200, body)
        self.assert_exit(4, self.log_in(self.world.password))
        self.assert_exit(0, self.log_in(fresh))

    # Organisations.

    def test_invite_and_accept_as_somebody_new(self):
        value = self.world.store("username")
        invited = self.invite("mate@example.test", "--role", "admin")
        self.assertEqual(invited["role"], "admin")
        self.assertEqual(
            invited["command"], "librettoctl cloud auth accept-invite "
            f"{invited['organization_slug']} {invited['id']}")
        self.assertTrue(invited["page"].startswith(self.world.api_url))
        typed = invited["command"].split()[3:]

        missing = self.auth(*typed, profile="mate")
        self.assert_exit(64, missing)
        self.assertIn("--name", missing.err)
        made = self.auth_json(
            *typed, "--name", "Mate", "--password-stdin", "--no-wait",
            profile="mate", stdin=self.world.secret("password of the mate"))
        self.assertEqual(made["email"], "mate@example.test")
        if not made["email_verified"]:
            self.world.follow_mail()
        who = self.auth_json("whoami", profile="mate")
        self.assertEqual(who["organization_slug"],
                         invited["organization_slug"])
        self.assertEqual(self.world.read("username", env=self.world.environment(
            LIBRETTO_PROFILE="mate")), value)

        again = self.auth(*typed, profile="mate")
        self.assert_exit(3, again)
        self.assertIn("delete-account", again.err)

    def test_accept_with_an_account_that_is_there(self):
        email = "mate@example.test"
        password = self.world.secret("password of the mate")
        status, body = self.world.post(
            "/api/auth/sign-up/email",
            {"name": "Mate", "email": email, "password": password})
        self.assertEqual(status, 200, body)
        self.assert_exit(0, self.auth(
            "login", "--email", email, "--password-stdin", profile="mate",
            stdin=password))
        invited = self.invite("Mate@Example.test")
        typed = invited["command"].split()[3:]
        elsewhere = self.auth("accept-invite", "other", invited["id"],
                              profile="mate")
        self.assert_exit(64, elsewhere)
        self.assertIn("another organisation", elsewhere.err)
        result = self.auth(*typed, profile="mate")
        self.assert_exit(0, result)
        self.assertIn(invited["organization_name"], result.out)
        who = self.auth_json("whoami", profile="mate")
        self.assertEqual(who["organization_slug"],
                         invited["organization_slug"])
        # A member invites nobody.
        self.assert_exit(3, self.auth("invite", "third@example.test",
                                      profile="mate"))

    def test_an_address_is_invited_once(self):
        self.invite("mate@example.test")
        again = self.auth("invite", "MATE@example.test")
        self.assert_exit(64, again)
        self.assertIn("already invited", again.err)

    def test_an_invitation_that_does_not_exist(self):
        result = self.auth("accept-invite", "example", "no-such-invitation",
                           "--name", "Mate", "--password-stdin",
                           profile="mate", stdin="long password")
        self.assert_explained(result)
        self.assertNotEqual(result.code, 6)

    def test_invite_of_a_role_that_is_none(self):
        self.assert_exit(64, self.auth("invite", "mate@example.test",
                                       "--role", "king"))

    # The account's end.

    def test_delete_account(self):
        if clouds.chosen() is clouds.ReferenceCloud:
            self.skipTest("what the hosted service does is not known")
        wrong = self.auth("delete-account", "--email", "mate@example.test",
                          "--yes")
        self.assert_exit(64, wrong)
        self.assert_exit(0, self.auth("whoami"))
        result = self.auth("delete-account", "--email", self.world.email,
                           "--yes")
        self.assert_exit(0, result)
        self.assertIn("deleted", result.out)
        self.assertFalse(self.world.auth_file.exists())
        self.assert_exit(4, self.auth("whoami"))
        self.assert_exit(4, self.log_in(self.world.password))

    def test_delete_account_asks_and_a_script_is_told_the_flags(self):
        result = self.auth("delete-account")
        self.assert_exit(64, result)
        self.assertIn("--email ADDRESS --yes", result.err)

    # API keys.

    def issue(self, label="ci"):
        made = self.auth_json("api-key", "issue", "--label", label)
        self.world.secrets[f"key {made['id']}"] = made["key"]
        return made["id"], made["key"]

    def listed(self):
        return {key["id"]: key
                for key in self.auth_json("api-key", "list")["keys"]}

    def test_an_issued_key_works_until_it_is_revoked(self):
        value = self.world.store("username")
        name, key = self.issue()
        with_key = self.world.environment(LIBRETTO_API_KEY=key)
        self.assertEqual(self.world.read("username", env=with_key), value)
        self.assertFalse(self.listed()[name]["leased"])
        self.assert_exit(0, self.auth("api-key", "revoke", name))
        self.assertNotIn(name, self.listed())
        refused = self.world.ctl("read", "username", env=with_key)
        self.assert_exit(4, refused)
        self.assertNotIn(key, refused.err)
        self.assertEqual(self.world.read("username"), value)

    def test_a_key_that_is_switched_off_is_marked_and_refused(self):
        self.world.store("username")
        name, key = self.issue()
        status, body = self.world.post(
            "/api/auth/api-key/update", {"keyId": name, "enabled": False},
            Cookie=self.world.cookie())
        self.assertEqual(status, 200, body)
        self.assertFalse(self.listed()[name]["enabled"])
        self.assertIn("[disabled]", self.auth("api-key", "list").out)
        with_key = self.world.environment(LIBRETTO_API_KEY=key)
        refused = self.world.ctl("read", "username", env=with_key)
        self.assert_exit(4, refused)
        self.assertNotIn(key, refused.err)

    def test_a_key_is_kept_nowhere(self):
        _, key = self.issue()
        for file in self.world.home.rglob("*"):
            if file.is_file():
                self.assertNotIn(key.encode(), file.read_bytes(), file)
        self.assertNotIn(key, self.auth("api-key", "list").out)

    def test_the_agents_own_key_is_marked_and_minted_anew(self):
        value = self.world.store("username")
        own = [name for name, key in self.listed().items() if key["leased"]]
        self.assertEqual(len(own), 1)
        self.assertIn("[this agent's own]", self.auth("api-key", "list").out)
        result = self.auth("api-key", "revoke", own[0])
        self.assertIn("mints another", result.err)
        self.world.store("password")
        self.assertEqual(self.world.read("username"), value)
        self.assertNotIn(own[0], self.listed())
        self.assertEqual(sum(key["leased"] for key in self.listed().values()),
                         1)

    def test_what_a_key_may_not_be(self):
        self.assert_exit(64, self.auth("api-key", "issue", "--label",
                                       "x" * 33))
        self.assert_exit(5, self.auth("api-key", "revoke", "no-such-key"))

    # Nobody is logged in.

    def test_without_a_login_every_verb_says_what_to_type(self):
        self.world.must("cloud", "auth", "logout")
        for verb in (["whoami"], ["invite", "mate@example.test"],
                     ["delete-account"], ["api-key", "list"],
                     ["api-key", "issue", "--label", "ci"],
                     ["api-key", "revoke", "id"]):
            with self.subTest(" ".join(verb)):
                result = self.auth(*verb)
                self.assert_exit(4, result)
                self.assertIn("librettoctl cloud auth login", result.err)


if __name__ == "__main__":
    harness.main()
