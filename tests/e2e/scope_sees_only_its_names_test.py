"""A scope's socket answers for its credentials alone, and for nothing else."""

import json
import os
import stat

import harness


class ScopeSeesOnlyItsNamesTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.values = {name: self.world.store(name)
                       for name in ("username", "password", "other")}
        self.world.store("totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")

    def make(self, *options, name="ci"):
        """The environment of who has the scope's socket and nothing else."""
        socket = self.world.must("scope", "create", "--name", name,
                                 *options).strip()
        return self.world.environment(LIBRETTO_AGENT_SOCK=socket)

    def refused(self, *arguments, env, code=3):
        result = self.world.ctl(*arguments, env=env)
        self.assert_exit(code, result)
        self.assert_explained(result)
        return result.err

    def test_its_names_and_no_other(self):
        env = self.make("--allow", "username,password")
        for name in ("username", "password", "libretto://USERNAME"):
            self.assertIn(self.world.read(name, env=env),
                          self.values.values())
        # A name that is there and one that is not: the same answer.
        there = self.refused("read", "other", env=env)
        missing = self.refused("read", "missing", env=env)
        self.assertEqual(there, missing.replace("missing", "other"))
        listed = json.loads(self.world.must(
            "cloud", "credentials", "list", "--json", env=env))
        self.assertEqual([item["name"] for item in listed["credentials"]],
                         ["password", "username"])
        # Nobody logged in changes nothing for what is not in the scope.
        self.world.must("cloud", "auth", "logout")
        self.assertEqual(self.refused("read", "other", env=env), there)
        self.refused("read", "username", env=env, code=4)

    def test_nothing_but_reading(self):
        env = self.make("--allow", "username")
        for arguments in (["cloud", "credentials", "update", "username",
                           "--value-stdin"],
                          ["cloud", "credentials", "delete", "username"],
                          ["cloud", "credentials", "create", "new",
                           "--value-stdin"],
                          ["cloud", "auth", "whoami"],
                          ["cloud", "auth", "logout"],
                          ["cloud", "auth", "api-key", "list"],
                          ["cloud", "auth", "api-key", "issue", "--label",
                           "x"],
                          ["agent", "status"], ["agent", "sync"],
                          ["agent", "stop"], ["scope", "list"],
                          ["scope", "revoke", "ci"],
                          ["scope", "create", "--name", "x", "--allow",
                           "username"]):
            with self.subTest(" ".join(arguments)):
                result = self.world.ctl(*arguments, env=env, stdin="value")
                self.assert_exit(3, result)
        result = self.world.ctl("run", "--cloud-key", "--", "env", env=env)
        self.assert_exit(125, result)
        self.assertNotIn("LIBRETTO_API_KEY", result.out)
        self.assertEqual(self.world.read("username"), self.values["username"])

    def test_a_code_without_its_seed(self):
        env = self.make("--otp", "totp", "--allow", "username")
        self.assertRegex(self.world.must("read", "--otp", "totp", env=env),
                         r"^\d{6}\n$")
        self.refused("read", "totp", env=env)
        self.assert_exit(125, self.world.ctl(
            "run", "--credential", "totp", "--", "env", env=env))

    def test_use_only_is_for_commands(self):
        env = self.make("--allow", "username", "--otp", "totp", "--use-only")
        value = self.values["username"]
        for arguments in (["read", "username"],
                          ["cloud", "credentials", "get", "username"],
                          ["env", "--credential", "username"],
                          ["read", "--otp", "username"]):
            with self.subTest(" ".join(arguments)):
                err = self.refused(*arguments, env=env)
                self.assertIn("librettoctl run --credential username", err)
        result = self.world.ctl("inject", env=env,
                                stdin="{{ libretto://username }}")
        self.assert_exit(3, result)
        self.assertIn("username", self.world.must(
            "cloud", "credentials", "list", env=env))
        self.assertRegex(self.world.must("read", "--otp", "totp", env=env),
                         r"^\d{6}\n$")
        # The command has it, and what it prints does not show it.
        script = ('import os; v = os.environ["LIBRETTO_CLOUD_USERNAME"]; '
                  'print(len(v), v)')
        out = self.world.must("run", "--credential", "username", "--",
                              "/usr/bin/python3", "-c", script, env=env)
        self.assertEqual(out, f"{len(value)} [libretto:username]\n")

    def test_it_acts_for_the_account_that_it_was_made_for(self):
        env = self.make("--allow", "username")
        env["LIBRETTO_PROFILE"] = "default"
        self.assertEqual(self.world.read("username", env=env),
                         self.values["username"])
        env["LIBRETTO_PROFILE"] = "work"
        self.refused("read", "username", env=env)
        # A key of the caller's own does not get around it.
        env = self.make("--allow", "username", name="again")
        env["LIBRETTO_API_KEY"] = "no such key"
        self.assertEqual(self.world.read("username", env=env),
                         self.values["username"])
        self.refused("read", "other", env=env)

    def test_a_scope_of_an_api_key(self):
        key = json.loads(self.world.must(
            "cloud", "auth", "api-key", "issue", "--label", "x",
            "--json"))["key"]
        self.world.must("cloud", "auth", "logout")
        socket = self.world.must(
            "scope", "create", "--name", "ci", "--allow", "username",
            env=self.world.environment(LIBRETTO_API_KEY=key)).strip()
        env = self.world.environment(LIBRETTO_AGENT_SOCK=socket)
        self.assertEqual(self.world.read("username", env=env),
                         self.values["username"])
        self.refused("read", "other", env=env)

    def test_its_socket_is_the_owners_and_goes_with_it(self):
        env = self.make("--allow", "username")
        path = env["LIBRETTO_AGENT_SOCK"]
        folder = os.path.dirname(path)
        self.assertEqual(folder, str(self.world.socket.parent / "scopes"))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        (scope,) = json.loads(self.world.must("scope", "list",
                                              "--json"))["scopes"]
        self.assertEqual((scope["name"], scope["socket"], scope["allow"]),
                         ("ci", path, ["username"]))
        self.assertEqual(self.world.status()["scopes"], 1)
        self.world.must("scope", "revoke", "ci")
        self.assertFalse(os.path.exists(path))
        self.refused("read", "username", env=env, code=2)
        self.assertEqual(self.world.status()["scopes"], 0)

    def test_none_outlives_its_agent(self):
        env = self.make("--allow", "username")
        pid = self.world.agent_pid()
        os.kill(pid, 9)
        harness.wait_for(lambda: not harness.exists(pid), "the agent's end")
        # Who still has the socket neither gets nor starts an agent.
        self.refused("read", "username", env=env, code=2)
        self.assert_no_agent()
        self.world.must("agent", "start")
        self.assertFalse(os.path.exists(env["LIBRETTO_AGENT_SOCK"]))
        self.refused("read", "username", env=env, code=2)

    def test_an_agent_does_not_take_a_scopes_place(self):
        env = self.make("--allow", "username")
        self.world.must("agent", "stop")
        result = self.world.run([str(harness.BIN / "libretto-agent"), "serve"],
                                env=env)
        self.assert_exit(1, result)
        self.assertIn("would reach everything", result.err)


if __name__ == "__main__":
    harness.main()
