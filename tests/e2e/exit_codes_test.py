"""The exit codes, fixed for good, each caused for real."""

import json

import harness


class ExitCodesTest(harness.E2eTest):

    def assert_code(self, code, *arguments, **more):
        result = self.world.ctl(*arguments, **more)
        self.assert_exit(code, result)
        return result

    def test_help_lists_them_all(self):
        text = self.world.must("help", "exit-codes")
        for code in (0, 1, 2, 3, 4, 5, 6, 7, 64, 125, 126, 127):
            self.assertRegex(text, rf"(?m)^\s*{code}\b")

    def test_2_without_an_agent(self):
        self.assert_code(2, "read", "username", "--no-start")

    def test_4_without_a_login(self):
        result = self.assert_code(4, "read", "username")
        self.assertIn("librettoctl cloud auth login", result.err)

    def test_4_after_a_wrong_password(self):
        self.world.signed_up()
        result = self.assert_code(
            4, "cloud", "auth", "login", "--email", self.world.email,
            "--password-stdin", stdin="not the password")
        self.assertNotIn("not the password", result.err)

    def test_5_for_what_is_not_there(self):
        self.world.signed_up()
        for verb in (["read"], ["cloud", "credentials", "get"],
                     ["cloud", "credentials", "delete"]):
            result = self.assert_code(5, *verb, "nobody")
            self.assertIn("nobody", result.err)

    def test_6_without_a_cloud_and_0_from_memory(self):
        self.world.signed_up()
        value = self.world.store("username")
        self.world.store("password")
        self.assertEqual(self.world.read("username"), value)
        self.world.stop_cloud()
        self.assertEqual(self.world.read("username"), value)
        self.world.must("agent", "stop")
        self.assert_code(6, "read", "username")

    def test_64_for_what_was_typed_wrong(self):
        for arguments in (["no-such-verb"], ["read"], ["read", "a", "b"],
                          ["cloud", "no-such-verb"], ["read", "--no-such", "a"],
                          ["read", "a b"], ["read", "op://vault/item"], [],
                          ["run", "--", "true"]):
            with self.subTest(" ".join(arguments)):
                self.assert_code(64, *arguments)

    def test_64_for_text_that_is_no_utf8(self):
        for arguments in (["read"], ["explain"], ["read", "--profile"],
                          ["scope", "revoke"]):
            with self.subTest(" ".join(arguments)):
                result = self.assert_code(64, *arguments, "\udcff")
                self.assertIn("not UTF-8", result.err)
                self.assertNotIn("protobuf", result.err)
        result = self.assert_code(64, "read", "username",
                                  env={**self.world.environment(),
                                       "LIBRETTO_PROFILE": "\udcff"})
        self.assertIn("LIBRETTO_PROFILE", result.err)

    def test_an_empty_value_takes_no_other_in_its_place(self):
        self.world.signed_up()
        value = self.world.store("username")
        self.assertEqual(
            self.world.must("read", "--profile=", "username"), value + "\n")
        for arguments in (["scope", "create", "--name=", "--allow=username"],
                          ["scope", "create", "--name=x", "--allow="]):
            with self.subTest(" ".join(arguments)):
                self.assert_code(64, *arguments)

    def test_what_to_type_is_for_the_same_profile(self):
        result = self.assert_code(4, "read", "username", "--profile", "work")
        self.assertIn("librettoctl --profile work cloud auth login",
                      result.err)

    def test_a_socket_that_is_not_the_agents(self):
        self.world.must("agent", "start")
        result = self.assert_code(
            2, "read", "username", env=self.world.environment(
                LIBRETTO_AGENT_SOCK=str(self.world.root / "left-over.sock")))
        self.assertIn("unset LIBRETTO_AGENT_SOCK", result.err)

    def test_help_of_a_verb(self):
        for words in (["run"], ["cloud", "auth", "login"]):
            self.assertEqual(self.world.must("help", *words),
                             self.world.must(*words, "--help"))

    def test_64_for_a_name_or_value_that_cannot_be(self):
        self.world.signed_up()
        create = ["cloud", "credentials", "create", "--value-stdin"]
        for name in ("api_key", "API_KEY", "-a", "a/b", "a b", "\u0430", "",
                     "a" * 129):
            with self.subTest(name):
                self.assert_code(64, *create, "--", name, stdin="value")
        self.assert_code(64, *create, "big", stdin="x" * 65_537)
        self.assertEqual(json.loads(self.world.must(
            "cloud", "credentials", "list", "--json"))["credentials"], [])

    def test_the_largest_value_fits(self):
        self.world.signed_up()
        value = self.world.store("big", self.world.secret("big", 65_536))
        self.assertEqual(self.world.read("big"), value)

    def test_1_for_a_name_that_is_taken(self):
        self.world.signed_up()
        self.world.store("username")
        result = self.assert_code(1, "cloud", "credentials", "create",
                                  "username", "--value-stdin",
                                  stdin="another")
        self.assertIn("username", result.err)


if __name__ == "__main__":
    harness.main()
