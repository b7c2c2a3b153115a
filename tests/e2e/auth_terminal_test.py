"""Every command under `cloud auth`, as a person has it: on a terminal."""

import json
import re

import clouds
import harness
import terminal

DELETES_ACCOUNTS = clouds.chosen() is clouds.LibrettoCloud


class AuthTerminalTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.start_cloud()
        self.world.must("agent", "start")

    # What the tests are told in.

    def auth(self, *arguments, profile=None, **environment):
        """`librettoctl cloud auth ...` on a terminal of its own."""
        extra = ["--profile", profile] if profile else []
        shown = terminal.Terminal(self.world, "cloud", "auth", *arguments,
                                  *extra, **environment)
        self.addCleanup(shown.close)
        return shown

    def whoami(self, profile=None):
        extra = ["--profile", profile] if profile else []
        return json.loads(self.world.must("cloud", "auth", "whoami", "--json",
                                          *extra))

    def assert_ends(self, code, shown):
        self.assertEqual(shown.end(), code, shown.shown)
        for secret in self.world.secrets.values():
            self.assertNotIn(secret, shown.shown)

    def mails_to(self, address):
        return [mail for mail in self.world.cloud.mails()
                if mail.to == address]

    def sign_up(self, *more, slug=""):
        shown = self.auth("signup", *more)
        shown.answer("Name", "Casey")
        shown.answer("E-mail", self.world.email)
        shown.answer("Password", self.world.password, secret=True)
        shown.answer("Organisation", "Example Inc.")
        shown.answer("Slug [example-inc]", slug)
        shown.answer(f"Alert e-mail [{self.world.email}]", "")
        return shown

    def log_in(self, email=None, profile=None, password=None):
        shown = self.auth("login", profile=profile)
        shown.answer("E-mail", email or self.world.email)
        shown.answer("Password", password or self.world.password, secret=True)
        return shown

    def has_account(self, address, organization=None):
        """Somebody else, who has signed up elsewhere; the password."""
        password = self.world.secret(f"password of {address}")
        if organization:
            status, body = self.world.post(
                "/v1/auth/signupAndCreateOrg", {"json": {
                    "name": "Mate", "email": address, "password": password,
                    "organizationName": organization,
                    "organizationSlug": organization.lower(),
                    "debugNotificationEmail": address}})
        else:
            status, body = self.world.post(
                "/api/auth/sign-up/email",
                {"name": "Mate", "email": address, "password": password})
        self.assertEqual(status, 200, body)
        self.world.follow_mail(address)
        return password

    def invite(self, address, *more):
        """What the teammate types, from what the inviter is shown."""
        shown = self.auth("invite", address, *more)
        self.assert_ends(0, shown)
        typed = re.search(r"they type +librettoctl cloud auth (.*)\n",
                          shown.shown).group(1)
        return shown.shown, typed.split()

    # signup

    def test_signup_waits_for_the_mail_and_is_logged_in(self):
        shown = self.sign_up()
        shown.expect("Account created. Verification email sent to "
                     f"{self.world.email}.\n")
        shown.expect("Waiting until the link in it has been followed")
        shown.expect(".\n.")  # a sign of life
        self.world.follow_mail()
        shown.expect("Email verified. You're logged in.\n")
        shown.expect(f"Session saved to {self.world.auth_file}\n")
        self.assert_ends(0, shown)
        who = self.whoami()
        self.assertEqual((who["email"], who["organization_slug"]),
                         (self.world.email, "example-inc"))

    def test_signup_asks_for_another_slug_alone(self):
        self.has_account("mate@example.test", organization="Taken")
        shown = self.sign_up("--no-wait", slug="taken")
        shown.expect('Organization slug "taken" is already taken.')
        shown.answer("Slug", "example")
        shown.expect("Account created.")
        self.assert_ends(0, shown)
        self.assertEqual(shown.shown.count("Password: "), 1)
        self.assertEqual(self.whoami()["organization_slug"], "example")

    def test_signup_that_is_interrupted_loses_nothing(self):
        shown = self.sign_up()
        shown.expect("Waiting until")
        shown.interrupt()
        self.assertNotEqual(shown.end(), 0)
        self.assertFalse(self.whoami()["email_verified"])

        resumed = self.log_in()
        resumed.expect(f"Heads up: {self.world.email} is not verified yet. "
                       f"Verification email sent to {self.world.email}.\n")
        self.assert_ends(0, resumed)
        self.assertEqual(len(self.mails_to(self.world.email)), 2)
        self.world.follow_mail()
        self.assertTrue(self.whoami()["email_verified"])

    # login

    def test_login(self):
        self.world.sign_up()
        self.world.must("cloud", "auth", "logout")
        wrong = self.log_in(password="not the password")
        wrong.expect("the e-mail address or the password is wrong\n"
                     "  try: librettoctl cloud auth forgot-password")
        self.assertEqual(wrong.end(), 4)
        shown = self.log_in()
        shown.expect(f"Logged in as {self.world.email}.\n")
        self.assert_ends(0, shown)
        self.assertNotIn("Heads up", shown.shown)
        self.assertTrue(self.whoami()["checked"])

    def test_login_in_the_browser(self):
        self.world.sign_up()
        shown = self.auth("login", "--browser", "--no-open", profile="laptop")
        shown.expect("Waiting for it (Ctrl-C stops).\n")
        shown.expect(".")  # a sign of life
        page = re.search(r"(http://\S+)/signin\?cliLoginId=([^&\s]+)"
                         r"&cliLoginSecret=([^&\s]+)\n", shown.shown)
        self.assertEqual(page.group(1), self.world.api_url)
        # As the page does it, once somebody is signed in there.
        status, body = self.world.post(
            "/v1/auth/cliLoginApprove",
            {"json": {"requestId": page.group(2), "secret": page.group(3)}},
            Cookie=self.world.cookie())
        self.assertEqual(status, 200, body)
        shown.expect(f"Logged in as {self.world.email}.\n")
        self.assert_ends(0, shown)
        self.assertEqual(self.whoami("laptop")["email"], self.world.email)

    # forgot-password

    def test_forgot_password_and_then_login(self):
        self.world.sign_up()
        shown = self.auth("forgot-password")
        shown.answer("E-mail", self.world.email)
        shown.expect(f"Password reset link sent to {self.world.email}.\n")
        self.assert_ends(0, shown)
        token = re.search(r"(?:reset-password/|token=)([A-Za-z0-9_.-]+)",
                          self.world.newest_mail().text).group(1)
        fresh = self.world.secret("new password")
        status, body = self.world.post("/api/auth/reset-password",
                                       {"newPassword": fresh, "token": token})
        self.assertEqual(status, 200, body)
        self.assertEqual(self.log_in().end(), 4)
        again = self.log_in(password=fresh)
        again.expect(f"Logged in as {self.world.email}.\n")
        self.assert_ends(0, again)
        self.assertTrue(self.whoami()["checked"])

    # logout

    def test_logout(self):
        self.world.sign_up()
        self.world.store("username")
        cookie = self.world.cookie()
        shown = self.auth("logout")
        shown.expect("Logged out.\n")
        self.assert_ends(0, shown)
        self.assertNotIn("Not revoked", shown.shown)
        self.assertFalse(self.world.auth_file.exists())
        self.assertIsNone(self.world.get("/api/auth/get-session",
                                         Cookie=cookie))
        self.assert_exit(4, self.world.ctl("read", "username"))
        nobody = self.auth("logout")
        nobody.expect("Nobody was logged in.\n")
        self.assert_ends(0, nobody)

    def test_logout_without_the_cloud(self):
        self.world.sign_up()
        self.world.store("username")
        self.world.stop_cloud()
        shown = self.auth("logout")
        shown.expect("Not revoked: ")
        shown.expect("Logged out.\n")
        self.assert_ends(0, shown)
        self.assertFalse(self.world.auth_file.exists())

    # whoami

    def test_whoami(self):
        self.world.sign_up()
        shown = self.auth("whoami")
        self.assert_ends(0, shown)
        for row in (rf"account +{self.world.email}\n",
                    rf"source +session in {self.world.auth_file}\n",
                    r"organisation +Example \(example\)\n",
                    rf"cloud +{self.world.api_url}\n",
                    r"expires +20\d\d-\S+Z\n",
                    r"checked +yes, the cloud agrees\n",
                    r"e-mail +verified\n"):
            self.assertRegex(shown.shown, row)

    def test_whoami_of_a_key_goes_before_the_login(self):
        self.world.sign_up()
        made = json.loads(self.world.must("cloud", "auth", "api-key", "issue",
                                          "--label", "ci", "--json"))
        self.world.secrets["key"] = made["key"]
        shown = self.auth("whoami", LIBRETTO_API_KEY=made["key"])
        shown.expect("LIBRETTO_API_KEY of this command's environment\n")
        self.assert_ends(0, shown)
        self.assertRegex(shown.shown, rf"account +{self.world.email}\n")

    def test_whoami_when_the_cloud_has_ended_the_session(self):
        self.world.sign_up()
        self.world.post("/api/auth/sign-out", {}, Cookie=self.world.cookie())
        shown = self.auth("whoami")
        shown.expect("librettoctl cloud auth login\n")
        self.assert_ends(4, shown)

    # invite, accept-invite

    def test_invite(self):
        self.world.sign_up()
        said, typed = self.invite("mate@example.test", "--role", "admin")
        self.assertRegex(said, r"invited +mate@example\.test, as admin\n")
        self.assertRegex(said, r"organisation +Example \(example\)\n")
        self.assertRegex(said, rf"invitation +{typed[2]}\n")
        self.assertRegex(said, r"expires +20\d\d-\S+Z\n")
        self.assertIn(f"{self.world.api_url}/invite?tenantSlug=example&"
                      f"invitationId={typed[2]}&accept=1\n", said)
        self.assertEqual(typed[:2], ["accept-invite", "example"])

    def test_accept_invite_makes_the_account_first(self):
        self.world.sign_up()
        value = self.world.store("username")
        _, typed = self.invite("mate@example.test")
        shown = self.auth(*typed, profile="mate")
        shown.answer("Name", "Mate")
        shown.answer("Password", self.world.secret("password of the mate"),
                     secret=True)
        shown.expect("Account created.")
        if "Verification email sent" in shown.shown:
            self.world.follow_mail("mate@example.test")
        shown.expect("Email verified. You're logged in.\n")
        self.assert_ends(0, shown)
        who = self.whoami("mate")
        self.assertEqual((who["email"], who["organization_slug"]),
                         ("mate@example.test", "example"))
        mates = self.world.environment(LIBRETTO_PROFILE="mate")
        self.assertEqual(self.world.read("username", env=mates), value)

    def test_accept_invite_of_who_is_logged_in(self):
        self.world.sign_up()
        password = self.has_account("mate@example.test")
        _, typed = self.invite("mate@example.test")
        self.assertEqual(self.log_in("mate@example.test", "mate",
                                     password).end(), 0)
        shown = self.auth(*typed, profile="mate")
        shown.expect("Invitation accepted. You're now a member of Example.\n")
        self.assert_ends(0, shown)
        self.assertEqual(self.whoami("mate")["organization_slug"], "example")

    def test_accept_invite_of_a_member_of_another_organisation(self):
        self.world.sign_up()
        password = self.has_account("mate@example.test", organization="Other")
        _, typed = self.invite("mate@example.test")
        self.assertEqual(self.log_in("mate@example.test", "mate",
                                     password).end(), 0)
        shown = self.auth(*typed, profile="mate")
        shown.expect("you are a member of Other (other)")
        shown.expect("librettoctl --profile mate cloud auth delete-account")
        self.assert_ends(3, shown)
        self.assertEqual(self.whoami("mate")["organization_slug"], "other")

    # delete-account

    def test_delete_account_wants_the_address_again(self):
        self.world.sign_up()
        shown = self.auth("delete-account")
        shown.expect(f"This deletes the account {self.world.email}")
        shown.answer("Type the address again to confirm", "casey")
        shown.expect("nothing has been deleted")
        self.assert_ends(64, shown)
        self.assertTrue(self.whoami()["checked"])

    def test_delete_account(self):
        self.world.sign_up()
        shown = self.auth("delete-account")
        shown.answer("Type the address again to confirm", self.world.email)
        if not DELETES_ACCOUNTS:  # what the public service does is not known
            shown.expect("does not answer")
            self.assertNotEqual(shown.end(), 0)
            self.assertTrue(self.whoami()["checked"])
            return
        shown.expect(f"Account {self.world.email} deleted.\n")
        shown.expect("accept-invite")
        self.assert_ends(0, shown)
        self.assertFalse(self.world.auth_file.exists())
        self.assertEqual(self.log_in().end(), 4)

    # api-key

    def issue(self, label):
        shown = self.auth("api-key", "issue")
        shown.answer("Label", label)
        shown.expect(f" issued for {label}.\n")
        self.assert_ends(0, shown)
        found = re.search(r"API key (\S+) issued for \S+\n(\S+)\n",
                          shown.shown)
        self.world.secrets[f"key {label}"] = found.group(2)
        return found.groups()

    def list_keys(self):
        shown = self.auth("api-key", "list")
        self.assert_ends(0, shown)
        return {line.split()[0]: line for line in shown.shown.splitlines()}

    def test_api_keys(self):
        self.world.sign_up()
        value = self.world.store("username")
        name, key = self.issue("ci")
        self.assertRegex(self.list_keys()[name],
                         rf"  ci  {key[:6]}…  created 20\S+Z")
        with_key = self.world.environment(LIBRETTO_API_KEY=key)
        self.assertEqual(self.world.read("username", env=with_key), value)
        shown = self.auth("api-key", "revoke", name)
        shown.expect(f"API key {name} revoked.\n")
        self.assert_ends(0, shown)
        self.assertNotIn(name, self.list_keys())
        self.assert_exit(4, self.world.ctl("read", "username", env=with_key))

    def test_revoking_the_agents_own_key_makes_it_mint_another(self):
        self.world.sign_up()
        value = self.world.store("username")
        own, = [name for name, line in self.list_keys().items()
                if "[this agent's own]" in line]
        shown = self.auth("api-key", "revoke", own)
        shown.expect("mints another")
        self.assert_ends(0, shown)
        self.world.must("agent", "sync")
        self.assertEqual(self.world.read("username"), value)
        another, = [name for name, line in self.list_keys().items()
                    if "[this agent's own]" in line]
        self.assertNotEqual(another, own)


if __name__ == "__main__":
    harness.main()
