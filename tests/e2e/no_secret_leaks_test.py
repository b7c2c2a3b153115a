"""No value, cookie, key or password in any log, argv or file of a run."""

import base64
import json
import os
import pathlib
import threading

import harness


class ProcessWatcher(threading.Thread):
    """Collects the command lines of all processes, again and again."""

    def __init__(self):
        super().__init__()
        self.seen = set()
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(0.003):
            for _, argv in harness.processes():
                self.seen.add("\0".join(argv))

    def stop(self):
        self.stopping.set()
        self.join()


def spellings(secret):
    raw = secret.encode()
    return {raw, base64.b64encode(raw), raw.hex().encode()}


class NoSecretLeaksTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.watcher = ProcessWatcher()
        self.watcher.start()
        self.addCleanup(self.watcher.stop)
        self.printed = []

    def ctl(self, *arguments, **more):
        result = self.world.ctl(*arguments, **more)
        self.printed.append(result.out + result.err)
        return result

    def a_whole_story(self):
        """Everything a user does, and some of it wrong."""
        world = self.world
        world.signed_up()
        for name in ("username", "password"):
            world.store(name)
        # Printed on purpose, so not among what must not be.
        world.read("username")
        world.must("run", "--credential", "username", "--credential",
                   "password", "--", "true")
        self.ctl("cloud", "credentials", "list")
        self.ctl("cloud", "credentials", "create", "username", "--value-stdin",
                 stdin=world.secret("value refused as a duplicate"))
        self.ctl("cloud", "credentials", "create", "not a name", "--value-stdin",
                 stdin=world.secret("value under a bad name"))
        self.ctl("cloud", "credentials", "update", "password", "--value-stdin",
                 stdin=world.secret("changed value"))
        self.ctl("cloud", "auth", "login", "--email", world.email,
                 "--password-stdin", stdin=world.secret("wrong password"))
        self.ctl("cloud", "auth", "whoami", "--json")
        self.ctl("agent", "status", "--json")
        self.ctl("agent", "sync")
        world.secrets["session cookie"] = world.cookie()
        world.secrets["session token"] = (
            world.cookie().partition("=")[2].partition(".")[0])
        world.stop_cloud()
        self.ctl("read", "nobody")
        world.start_cloud()
        world.log_in()
        world.secrets["second cookie"] = world.cookie()

    def files(self):
        for path in self.world.root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path

    def test_in_no_file_but_the_session(self):
        self.a_whole_story()
        for path in self.files():
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # was temporary, and has its own name by now
            for what, secret in self.world.secrets.items():
                if path == self.world.auth_file and "cookie" in what:
                    continue
                for text in spellings(secret):
                    self.assertNotIn(text, content, f"{what} in {path}")

    def test_the_session_file_is_for_its_owner_alone(self):
        self.a_whole_story()
        self.assertEqual(os.stat(self.world.auth_file).st_mode & 0o777, 0o600)
        for path in self.world.home.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o022, 0, path)

    def test_in_no_command_line(self):
        self.a_whole_story()
        self.watcher.stop()
        self.assertTrue(any("libretto-agent" in line
                            for line in self.watcher.seen),
                        "the watcher saw nothing")
        for what, secret in self.world.secrets.items():
            for line in self.watcher.seen:
                self.assertNotIn(secret, line, what)

    def test_in_nothing_that_was_printed(self):
        self.a_whole_story()
        for what, secret in self.world.secrets.items():
            for text in self.printed:
                self.assertNotIn(secret, text, what)

    def test_the_agent_takes_no_environment_along(self):
        if os.geteuid() != 0:
            self.skipTest("reading the agent's environment needs root")
        value = self.world.secret("LIBRETTO_API_KEY of the caller")
        self.world.ctl("read", "x", env=self.world.environment(
            LIBRETTO_API_KEY=value, MY_SECRET=value))
        pid = self.world.agent_pid()
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        self.assertIn(b"HOME=", environment)
        self.assertNotIn(value.encode(), environment)

    def test_the_log_is_there_and_says_who_did_what(self):
        self.a_whole_story()
        log = self.world.log_file.read_text()
        self.assertIn("username", log)
        self.assertNotIn("\x1b", log)

    def test_json_is_json(self):
        self.a_whole_story()
        for arguments in (["cloud", "credentials", "list", "--json"],
                          ["cloud", "auth", "whoami", "--json"],
                          ["agent", "status", "--json"]):
            json.loads(self.world.must(*arguments))


if __name__ == "__main__":
    harness.main()
