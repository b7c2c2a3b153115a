"""`run` gives its command a socket that reaches what was named and no more."""

import json
import os
import signal
import subprocess
import sys
import unittest

import harness

CTL = str(harness.BIN / "librettoctl")


class RunGivesItsChildAScopeTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.values = {name: self.world.store(name)
                       for name in ("username", "password", "other")}
        self.main = self.world.environment(
            LIBRETTO_AGENT_SOCK=str(self.world.socket))

    def in_it(self, *command, options=(), **more):
        """What the command prints that `run` starts with two credentials."""
        return self.world.ctl("run", *options, "--credential", "username",
                              "--credential", "password", "--", *command,
                              **more)

    def test_what_was_named_and_no_more(self):
        self.assertEqual(self.in_it(CTL, "read", "username").out,
                         self.values["username"] + "\n")
        self.assert_exit(3, self.in_it(CTL, "read", "other"))
        self.assert_exit(3, self.in_it(CTL, "agent", "stop"))
        listed = json.loads(self.in_it(CTL, "cloud", "credentials", "list",
                                       "--json").out)
        self.assertEqual([item["name"] for item in listed["credentials"]],
                         ["password", "username"])

    def test_the_main_socket_is_not_in_it(self):
        main = str(self.world.socket)
        for options in ([], ["--mask"], ["--deliver", "fd"],
                        ["--on-change", "restart"]):
            with self.subTest(" ".join(options)):
                result = self.in_it("/usr/bin/env", options=options,
                                    env=self.main)
                self.assert_exit(0, result)
                self.assertNotIn(f"={main}\n", result.out)
                self.assertEqual(result.out.count("LIBRETTO_AGENT_SOCK="), 1)
                self.assertRegex(result.out,
                                 r"LIBRETTO_AGENT_SOCK=\S+/scopes/\w+\.scope")
        result = self.world.ctl("run", "--cloud-key", "--", "/usr/bin/env",
                                env=self.main)
        self.assert_exit(0, result)
        self.assertNotIn(main, result.out)

    def test_a_run_in_a_run_never_reaches_more(self):
        def inner(*names):
            named = [word for name in names
                     for word in ("--credential", name)]
            return self.in_it(CTL, "run", *named, "--", "/bin/sh", "-c",
                              f"{CTL} read username; {CTL} read other")
        result = inner("username")
        self.assertEqual(result.out, self.values["username"] + "\n")
        self.assertEqual(result.code, 3)
        self.assert_exit(125, inner("username", "other"))

    def test_with_a_key_in_the_environment(self):
        key = json.loads(self.world.must(
            "cloud", "auth", "api-key", "issue", "--label", "x",
            "--json"))["key"]
        self.world.must("cloud", "auth", "logout")
        env = self.world.environment(LIBRETTO_API_KEY=key)
        self.assertEqual(self.in_it(CTL, "read", "username", env=env).out,
                         self.values["username"] + "\n")
        self.assert_exit(3, self.in_it(CTL, "read", "other", env=env))

    def test_with_the_agents_key(self):
        result = self.in_it("/bin/sh", "-c",
                            f"test -n \"$LIBRETTO_API_KEY\" && {CTL} read "
                            f"username; {CTL} read other",
                            options=["--cloud-key"])
        self.assertEqual(result.out, self.values["username"] + "\n")
        self.assertEqual(result.code, 3)

    def test_for_another_profile(self):
        result = self.in_it(CTL, "read", "username",
                            options=["--profile", "default"],
                            env=self.world.environment(LIBRETTO_PROFILE="x"))
        # The environment means another account than the scope is for.
        self.assert_exit(3, result)

    def test_any_client_is_in_it(self):
        try:
            import grpc  # noqa: F401  pylint: disable=unused-import
        except ImportError:
            raise unittest.SkipTest("python3-grpcio is not installed") from None
        script = """
import os, grpc
channel = grpc.insecure_channel("unix:" + os.environ["LIBRETTO_AGENT_SOCK"])
def call(method, body=b""):
    try:
        return channel.unary_unary("/" + method)(body, timeout=10)
    except grpc.RpcError as error:
        return error.code().name
get = "libretto.agent.v1.Credentials/Get"
print(type(call(get, b"\\x12\\x08username")).__name__)
print(call(get, b"\\x12\\x05other"))
print(call("libretto.agent.v1.Agent/Stop"))
print(call("libretto.agent.v1.Accounts/BorrowApiKey"))
print(call("libretto.agent.v1.Scopes/Create"))
print(call("grpc.health.v1.Health/Check"))
"""
        result = self.in_it(sys.executable, "-c", script)
        self.assert_exit(0, result)
        self.assertEqual(result.out.split(), [
            "bytes"] + 4 * ["PERMISSION_DENIED"] + ["UNIMPLEMENTED"])

    def test_it_has_one_for_as_long_as_it_runs(self):
        """Also when the command is started again for a new value."""
        restarts = self.world.root / "restarts"
        with open(restarts, "wb") as out:
            run = subprocess.Popen(
                [CTL, "run", "--on-change", "restart", "--credential",
                 "username", "--", "/bin/sh", "-c",
                 f"echo $LIBRETTO_AGENT_SOCK; {CTL} read username; "
                 "exec tail -f /dev/null"],
                env=self.world.environment(), stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)

        def lines(count):
            return harness.wait_for(
                lambda: len(restarts.read_text().splitlines()) >= count,
                f"{count} lines", alive=run, log=restarts) and (
                    restarts.read_text().splitlines())

        first, value = lines(2)
        self.assertEqual(value, self.values["username"])
        new = self.world.secret("the next value")
        self.world.must("cloud", "credentials", "update", "username",
                        "--value-stdin", stdin=new)
        self.assertEqual(lines(4)[2:], [first, new])
        self.assertEqual(self.world.status()["scopes"], 1)
        run.send_signal(signal.SIGTERM)
        run.wait(10 * harness.PATIENCE)
        harness.wait_for(lambda: not os.path.exists(first), "the scope's end")


if __name__ == "__main__":
    harness.main()
