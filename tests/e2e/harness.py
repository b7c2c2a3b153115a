"""Runs the three real programs in a home of their own.

A test makes a World: a temporary HOME and runtime folder, in which a cloud, an
agent and any number of commands live. Every secret that a test hands in comes
from World.secret(), so that a test can look for all of them afterwards.

LIBRETTO_BIN names the folder with the programs, LIBRETTO_E2E_CLOUD which cloud
to start (clouds.py). Under a sanitizer (LIBRETTO_SANITIZE is not empty)
everything is given more time.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing
import unittest
import urllib.error
import urllib.request

import clouds

BIN = pathlib.Path(os.environ["LIBRETTO_BIN"]).resolve()
SANITIZED = bool(os.environ.get("LIBRETTO_SANITIZE"))
PATIENCE = 5 if SANITIZED else 1
SKIPPED = 77  # what ctest takes for "skipped"

# A command that goes on for longer than this hangs.
COMMAND_LIMIT_S = 20 * PATIENCE


class Result(typing.NamedTuple):
    code: int
    out: str
    err: str
    seconds: float


class CommandFailed(AssertionError):
    """A command that had to succeed did not."""


class World:
    """A home, a cloud, an agent. Stopped and removed by close()."""

    def __init__(self):
        # Short, because a socket's path has to fit into 107 bytes.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="libretto-e2e-",
                                                  dir="/tmp"))
        self.home = self.root / "home"
        self.runtime = self.root / "run"
        for folder in (self.home, self.runtime):
            folder.mkdir(mode=0o700)
        self.state = self.home / ".libretto"
        self.auth_file = self.state / "auth.json"
        self.socket = self.runtime / "libretto" / "agent.sock"
        self.log_file = self.home / ".local/state/libretto/agent.log"
        self.cloud = clouds.chosen()(self.root)
        self.cloud_log = self.cloud.log
        self.api_url = "http://127.0.0.1:1"  # nobody listens there
        self.email = "casey@example.test"
        self.secrets = {}
        self.password = self.secret("password of the account")
        self.passphrase = self.secret("passphrase of the agent")

    def close(self):
        try:
            self.ctl("agent", "stop", "--no-start")
        finally:
            self.stop_cloud()
            for pid in self.agents():
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.root, ignore_errors=True)

    def secret(self, what, size=24):
        """A fresh random text that no_secret_in() will look for."""
        value = "s3" + secrets.token_hex((size - 2) // 2)
        self.secrets[what] = value
        return value

    # Commands.

    def environment(self, **more):
        """The environment of a login shell, and nothing from the outside."""
        environment = {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "LIBRETTO_API_URL": self.api_url,
        }
        # Sanitizers are told how to behave through these.
        environment.update({name: value for name, value in os.environ.items()
                            if name.endswith("SAN_OPTIONS")})
        environment.update(more)
        return {k: v for k, v in environment.items() if v is not None}

    def ctl(self, *arguments, stdin="", env=None, cwd="/", **more):
        """Runs librettoctl without a terminal; never waits for ever."""
        return self.run([str(BIN / "librettoctl"), *map(str, arguments)],
                        stdin=stdin, env=env, cwd=cwd, **more)

    def run(self, argv, stdin="", env=None, cwd="/", **more):
        begin = time.monotonic()
        done = subprocess.run(
            argv, input=stdin.encode(), capture_output=True, cwd=cwd,
            env=self.environment() if env is None else env,
            start_new_session=True, timeout=COMMAND_LIMIT_S, check=False,
            **more)
        return Result(done.returncode, done.stdout.decode(errors="replace"),
                      done.stderr.decode(errors="replace"),
                      time.monotonic() - begin)

    def must(self, *arguments, **more):
        """ctl() that has to succeed; returns what it printed."""
        result = self.ctl(*arguments, **more)
        if result.code != 0:
            raise CommandFailed(
                f"librettoctl {' '.join(map(str, arguments))} exited with "
                f"{result.code}:\n{result.err}{result.out}")
        return result.out

    # The cloud.

    def start_cloud(self, *options):
        """`options` go to `libretto-cloud serve`; mails go to the outbox
        unless they say --mail."""
        self.cloud.start(self.environment(LIBRETTO_API_URL=None), *options)
        self.api_url = self.cloud.url

    def stop_cloud(self):
        self.cloud.stop()

    def newest_mail(self, to=None):
        """Of all, or of those to somebody."""
        return [mail for mail in self.cloud.mails()
                if to in (None, mail.to)][-1]

    def get(self, path, **headers):
        """GETs from the cloud, past the agent; the body as JSON."""
        request = urllib.request.Request(self.api_url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def post(self, path, body, **headers):
        """POSTs to the cloud, past the agent; the status and the body."""
        request = urllib.request.Request(
            self.api_url + path, data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json",
                     "Origin": self.api_url, **headers})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def follow_mail(self, to=None):
        self.follow(self.newest_mail(to).link())

    def follow(self, link):
        opener = urllib.request.build_opener(KeepRedirect)
        with opener.open(link, timeout=10) as reply:
            reply.read()

    def wait_for_cloud_log(self, text):
        wait_for(lambda: text in self.cloud_log.read_text(),
                 f"the cloud to log {text!r}", log=self.cloud_log)

    def cookie(self):
        return json.loads(self.auth_file.read_text())["session"]["cookie"]

    def api_keys(self, cookie=None):
        """The ids of the account's API keys, as the cloud has them."""
        keys = self.get("/api/auth/api-key/list",
                        Cookie=cookie or self.cookie())
        return [key["id"] for key in keys]

    # The usual story.

    def sign_up(self):
        self.must("cloud", "auth", "signup", "--name", "Casey", "--email",
                  self.email, "--organization", "Example",
                  "--password-stdin", "--no-wait", stdin=self.password)
        self.follow_mail()

    def log_in(self, **more):
        return self.must("cloud", "auth", "login", "--email", self.email,
                         "--password-stdin", stdin=self.password, **more)

    def signed_up(self):
        """A cloud, an agent, and a user who is signed in."""
        self.start_cloud()
        self.must("agent", "start")
        self.sign_up()
        return self

    def enrolled(self):
        """signed_up(), and the session is sealed."""
        self.signed_up()
        self.must("agent", "enroll", "--passphrase-stdin",
                  stdin=self.passphrase)
        return self

    def unlock(self, passphrase=None, **more):
        return self.ctl("agent", "unlock", "--passphrase-stdin",
                        stdin=passphrase or self.passphrase, **more)

    def session(self):
        """What `agent status` calls it: "signed_in", "locked", ..."""
        return self.status()["session"]

    def store(self, name, value=None):
        value = self.secret(f"value of {name}") if value is None else value
        self.must("cloud", "credentials", "create", name, "--value-stdin",
                  stdin=value)
        return value

    def read(self, name, **more):
        """What `read` prints, without the newline that it adds."""
        return self.must("read", name, **more).removesuffix("\n")

    def status(self, **more):
        return json.loads(self.must("agent", "status", "--json", **more))

    def agent_pid(self):
        return int(self.status()["pid"])

    def agents(self):
        """The agents of this world, found without asking them."""
        mine = str(self.root)
        return [pid for pid, argv in processes()
                if argv and pathlib.Path(argv[0]).name == "libretto-agent"
                and any(mine in word for word in argv)]


class KeepRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an answer instead of following it."""

    def http_error_302(self, _request, reply, *_):
        return reply


def processes():
    """(pid, argv) of every process that can be looked at."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            yield int(entry.name), line.decode(errors="replace").split("\0")[:-1]


def exists(pid):
    """Whether it lives: as long as one thread does, its sockets are open."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
        state = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return len(threads) > 1 or (
        state.rpartition(")")[2].split()[0] not in "ZX")


def wait_for(condition, what, seconds=10, alive=None, log=None):
    """Asks every 10 ms until it is so, and returns what made it so."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        dead = alive is not None and alive.poll() is not None
        if dead or time.monotonic() > deadline:
            said = log.read_text(errors="replace") if log else ""
            raise AssertionError(f"waited in vain for {what}\n{said}")
        time.sleep(0.01)


class E2eTest(unittest.TestCase):
    """A test with a World of its own."""

    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)

    def assert_exit(self, code, result):
        self.assertEqual(result.code, code, result.err + result.out)

    def assert_no_agent(self):
        # It lets go of its lock, and so ends a stop, a moment before it ends.
        wait_for(lambda: not self.world.agents(), "the agent to be gone")

    def assert_explained(self, result):
        """It failed, said why in a few lines, and spilled nothing inner."""
        self.assertNotEqual(result.code, 0, result.out)
        self.assertEqual(result.out, "")
        lines = result.err.strip().splitlines()
        self.assertTrue(1 <= len(lines) <= 6, result.err)
        self.assertNotRegex(result.err, r"(?i)exception|what\(\)|nlohmann"
                            r"|soci|terminate|\bINTERNAL\b|check failed")


def main():
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    # A module that is skipped as a whole has run no test.
    if result.skipped and len(result.skipped) >= result.testsRun:
        for test, why in result.skipped:
            print(f"SKIPPED {test}: {why}", file=sys.stderr)
        sys.exit(SKIPPED)
