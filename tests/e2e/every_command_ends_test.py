"""Every command ends by itself and says why, within two seconds.

With no agent, no network, no terminal and a closed standard input.
"""

import json
import os

import harness

# Each verb, with what it needs to get as far as it can.
COMMANDS = [
    ["cloud", "auth", "signup"],
    ["cloud", "auth", "signup", "--name", "C", "--email", "c@example.test",
     "--organization", "E", "--password-stdin", "--no-wait"],
    ["cloud", "auth", "login"],
    ["cloud", "auth", "login", "--email", "c@example.test"],
    ["cloud", "auth", "login", "--email", "c@example.test",
     "--password-stdin"],
    ["cloud", "auth", "logout"],
    ["cloud", "auth", "whoami"],
    ["cloud", "credentials", "create", "username"],
    ["cloud", "credentials", "create", "username", "--value-stdin"],
    ["cloud", "credentials", "list"],
    ["cloud", "credentials", "get", "username"],
    ["cloud", "credentials", "update", "username"],
    ["cloud", "credentials", "delete", "username"],
    ["cloud", "credentials", "push"],
    ["agent", "enroll"],
    ["agent", "enroll", "--passphrase-stdin"],
    ["agent", "unenroll"],
    ["agent", "lock"],
    ["agent", "unlock"],
    ["agent", "unlock", "--passphrase-stdin"],
    ["agent", "forget"],
    ["agent", "panic"],
    ["agent", "status"],
    ["agent", "sync"],
    ["agent", "stop"],
    ["audit", "tail"],
    ["audit", "verify"],
    ["audit", "who", "username"],
    ["explain", "username"],
    ["read", "username"],
    ["scope", "create", "--name", "ci", "--allow", "username"],
    ["scope", "list"],
    ["scope", "revoke", "nobody"],
    ["run", "--credential", "username", "--", "true"],
    ["run", "--all", "--", "true"],
    ["run", "--mask", "--on-change", "restart", "--all", "--", "true"],
    ["run", "--cloud-key", "--", "true"],
]
# These have something to say in every state.
MAY_SUCCEED = (["cloud", "auth", "whoami"], ["cloud", "auth", "logout"],
               ["agent", "status"], ["agent", "stop"],
               ["scope", "create", "--name", "ci", "--allow", "username"],
               ["scope", "list"],
               ["agent", "forget"], ["agent", "panic"],
               ["audit", "tail"], ["audit", "verify"],
               ["audit", "who", "username"], ["explain", "username"],
               ["cloud", "credentials", "push"])
LIMIT_S = 2 * harness.PATIENCE


class EveryCommandEndsTest(harness.E2eTest):

    def closed(self, arguments):
        """Runs without a terminal and without a standard input at all."""
        return self.world.run(
            ["/bin/sh", "-c", 'exec "$0" "$@" <&-',
             str(harness.BIN / "librettoctl"), *arguments])

    def check(self, arguments, result):
        self.assertLess(result.seconds, LIMIT_S, arguments)
        if arguments not in MAY_SUCCEED:
            self.assertNotEqual(result.code, 0, result.out)
        if result.code != 0:
            self.assertTrue(result.err.strip(), "it did not say why")
        self.assertLessEqual(len(result.err.splitlines()), 6, result.err)

    def sign_in_without_a_cloud(self):
        self.world.state.mkdir(mode=0o700, exist_ok=True)
        self.world.auth_file.write_text(json.dumps({
            "apiUrl": self.world.api_url,
            "session": {"cookie": "better-auth.session_token=x",
                        "userId": "u", "email": "c@example.test",
                        "expiresAt": None}}))

    def test_with_no_agent(self):
        for arguments in COMMANDS:
            for command in (arguments[:-1] + ["--no-start"] + arguments[-1:]
                            if "--" not in arguments else
                            arguments[:1] + ["--no-start"] + arguments[1:],):
                with self.subTest(" ".join(command)):
                    result = self.closed(command)
                    self.check(arguments, result)
        self.assertEqual(self.world.agents(), [])

    def test_with_nobody_logged_in(self):
        for arguments in COMMANDS:
            with self.subTest(" ".join(arguments)):
                self.check(arguments, self.closed(arguments))

    def test_with_a_session_and_no_network(self):
        self.sign_in_without_a_cloud()
        for arguments in COMMANDS:
            with self.subTest(" ".join(arguments)):
                self.check(arguments, self.closed(arguments))
                if not self.world.auth_file.exists():
                    self.sign_in_without_a_cloud()

    def test_with_no_home(self):
        for arguments in (["read", "username"], ["agent", "status"],
                          ["cloud", "auth", "whoami"]):
            with self.subTest(" ".join(arguments)):
                result = self.world.ctl(
                    *arguments, env=self.world.environment(HOME=None))
                self.assert_explained(result)
                self.assertIn("HOME", result.err)

    def test_with_an_agent_that_hangs(self):
        self.world.must("agent", "start")
        pid = self.world.agent_pid()
        os.kill(pid, 19)  # SIGSTOP
        self.addCleanup(lambda: os.kill(pid, 18))  # SIGCONT
        result = self.world.ctl("read", "username")
        self.assert_explained(result)
        self.assertLess(result.seconds, 12 * harness.PATIENCE)

    def test_help_needs_nothing(self):
        bare = {"PATH": "/usr/bin:/bin"}
        for arguments in (["help"], ["--help"], ["help", "exit-codes"],
                          ["cloud", "--help"], ["run", "--help"],
                          ["--version"]):
            with self.subTest(" ".join(arguments)):
                result = self.world.ctl(*arguments, env=bare)
                self.assert_exit(0, result)
                self.assertTrue(result.out.strip())


if __name__ == "__main__":
    harness.main()
