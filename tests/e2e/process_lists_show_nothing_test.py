"""No value, password, key or cookie in any process's command line or
environment, whatever is done; but for the environment of the workflow that a
value was meant for."""

import base64
import os
import subprocess
import threading

import harness

EVERY_S = 0.005
# In the command line of a process whose environment may hold what it was given.
WORKFLOW = "0.013579"


class Sampler(threading.Thread):
    """Reads what ps(1) shows of every process that was not there before."""

    def __init__(self):
        super().__init__()
        self.before = set(self.pids())
        self.seen = {}  # by pid and file: the contents, over time
        self.rounds = 0
        self.stopping = threading.Event()

    @staticmethod
    def pids():
        return [name for name in os.listdir("/proc") if name.isdigit()]

    @staticmethod
    def read(pid, name):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                return file.read()
        except OSError:
            return b""  # it has ended, or may not be looked at

    def run(self):
        while not self.stopping.wait(EVERY_S):
            for pid in set(self.pids()) - self.before:
                for file in ("environ", "cmdline"):
                    self.seen.setdefault((pid, file), set()).add(
                        self.read(pid, file))
            self.rounds += 1

    def stop(self):
        self.stopping.set()
        self.join()


def spellings(secret):
    raw = secret.encode()
    return raw, base64.b64encode(raw), raw.hex().encode()


class ProcessListsTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.sampler = Sampler()
        self.sampler.start()
        self.addCleanup(self.sampler.stop)

    def workflow(self, *options):
        self.world.must(
            "run", "--credential", "username", *options, "--",
            "sleep", "0.1", WORKFLOW)

    def a_whole_story(self):
        world = self.world
        world.signed_up()
        world.store("username")
        world.must("cloud", "credentials", "update", "username",
                   "--value-stdin", stdin=world.secret("changed value"))
        world.read("username")
        world.must("read", "username", "--out-file",
                   str(world.root / "value"))
        for options in ([], ["--deliver=fd"], ["--mask"]):
            self.workflow(*options)
        template = world.root / "template"
        template.write_text("{{ libretto://username }}\n")
        world.must("inject", "-i", str(template))
        env_file = world.root / ".env"
        env_file.write_text(
            f"LIBRETTO_CLOUD_TOKEN={world.secret('imported value')}\n")
        world.must("import", str(env_file), cwd=world.root)
        world.must("cloud", "auth", "api-key", "issue", "--label", "ci")
        world.ctl("cloud", "auth", "login", "--email", world.email,
                  "--password-stdin", stdin=world.secret("wrong password"))
        world.secrets["session cookie"] = world.cookie()
        world.must("cloud", "auth", "logout")
        world.log_in()
        world.secrets["second cookie"] = world.cookie()
        world.must("agent", "stop")
        world.ctl("read", "username")  # starts an agent
        # That the sampler sees what is there to be seen.
        with subprocess.Popen(["/bin/sleep", "0.3"],
                              env={"CONTROL": "seen"}) as control:
            control.wait()

    def test_nothing_shows(self):
        self.a_whole_story()
        self.sampler.stop()
        seen = self.sampler.seen
        self.assertTrue(any(b"CONTROL=seen\0" in contents
                            for contents in seen.values()),
                        "the sampler saw nothing")
        workflows = 0
        for (pid, file), contents in seen.items():
            # A process gets its environment with its program, so one that
            # becomes the workflow has no value in it before.
            commands = seen[pid, "cmdline"]
            if file == "environ" and any(WORKFLOW.encode() in command
                                         for command in commands):
                workflows += 1
                continue
            for content in contents:
                for what, secret in self.world.secrets.items():
                    for text in spellings(secret):
                        self.assertNotIn(
                            text, content,
                            f"{what} in the {file} of {commands!r}")
        self.assertGreater(workflows, 0)


if __name__ == "__main__":
    harness.main()
