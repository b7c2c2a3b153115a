"""The two servers of the Libretto Cloud API, each as a process of a test.

LibrettoCloud is ours. ReferenceCloud is made of the libraries that the hosted
service is built from (tests/contract/reference); npm installs it, so a test
that asks for it is skipped, with the reason, where npm cannot.
"""

import email
import email.policy
import fcntl
import functools
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import time
import typing
import unittest

SOURCES = pathlib.Path(__file__).resolve().parent.parent
PATIENCE = 5 if os.environ.get("LIBRETTO_SANITIZE") else 1


class Mail(typing.NamedTuple):
    to: str
    text: str

    def link(self):
        return re.search(r"https?://[^\s<>\"]+", self.text).group()


class Cloud:
    """A server on a port of its own, with its files in a folder of its own."""

    def __init__(self, folder, base_url=None):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "cloud.log"
        self.base_url = base_url
        self.url = None  # where it listens, and again after a restart
        self.process = None

    def command(self, port, options):
        """The command line, and what it adds to the environment."""
        raise NotImplementedError

    def mails(self):
        """All that were sent, oldest first."""
        raise NotImplementedError

    def start(self, environment, *options):
        """`options`: of `libretto-cloud serve`."""
        port = self.url.rpartition(":")[2] if self.url else 0
        # Appended to over restarts, so that a search sees all of it.
        with open(self.log, "ab") as log:
            begin = log.tell()
            argv, extra = self.command(port, options)
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", env={**environment, **extra}, start_new_session=True)
        deadline = time.monotonic() + 20 * PATIENCE
        while True:
            said = self.log.read_bytes()[begin:].decode(errors="replace")
            found = re.search(r"listening on \S+?:(\d+)\s", said)
            if found:
                self.url = f"http://127.0.0.1:{found.group(1)}"
                return
            if (self.process.poll() is not None
                    or time.monotonic() > deadline):
                raise AssertionError(f"the cloud does not listen\n{said}")
            time.sleep(0.01)

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class LibrettoCloud(Cloud):

    def __init__(self, folder, base_url=None):
        super().__init__(folder, base_url)
        self.outbox = self.folder / "outbox"
        self.outbox.mkdir(mode=0o700, exist_ok=True)

    def command(self, port, options):
        if "--mail" not in options:
            options += ("--mail", f"outbox:{self.outbox}")
        argv = [pathlib.Path(os.environ["LIBRETTO_BIN"]).resolve() /
                "libretto-cloud", "serve",
                "--listen", f"127.0.0.1:{port}",
                "--db", f"sqlite:{self.folder}/cloud.db", *options]
        if self.base_url:
            argv += ["--base-url", self.base_url]
        return argv, {}

    def mails(self):
        files = sorted(self.outbox.glob("*.eml"),
                       key=lambda file: (file.stat().st_mtime_ns, file.name))
        parsed = [email.message_from_bytes(file.read_bytes(),
                                           policy=email.policy.default)
                  for file in files]
        return [Mail(mail["To"], mail.get_body(("plain",)).get_content())
                for mail in parsed]


class ReferenceCloud(Cloud):

    def __init__(self, folder, base_url=None):
        super().__init__(folder, base_url)
        self.outbox = self.folder / "mail.jsonl"

    def command(self, port, options):
        if options:
            raise ValueError(f"the reference knows nothing of {options}")
        home = installed_reference()
        settings = {"PORT": str(port), "DB": f"{self.folder}/cloud.db",
                    "MAIL": str(self.outbox)}
        if self.base_url:
            settings["BASE_URL"] = self.base_url
        return [*node_of(home), home / "server.mjs"], settings

    def mails(self):
        if not self.outbox.exists():
            return []
        sent = map(json.loads, self.outbox.read_text().splitlines())
        return [Mail(mail["to"], mail.get("url") or mail["id"])
                for mail in sent]


def chosen():
    """The server that the end-to-end tests are run against."""
    return {"libretto": LibrettoCloud, "reference": ReferenceCloud}[
        os.environ.get("LIBRETTO_E2E_CLOUD", "libretto")]


def node_of(home):
    # Debian's Node 18 is too old; npm has Node itself as a package.
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    node = home / "node_modules" / f"node-linux-{machine}" / "bin" / "node"
    if not node.exists():
        raise unittest.SkipTest(
            f"npm has no Node for this machine ({platform.machine()})")
    return [node]


def installed_reference():
    """The folder of the reference with its packages; a skip without them."""
    home, why_not = install_reference()
    if why_not:
        raise unittest.SkipTest(f"the reference cloud: {why_not}")
    return home


@functools.cache
def install_reference():
    """(folder, why it is not usable), the latter empty when it is.

    In the build folder, and anew only when package-lock.json has changed. Tests
    that run side by side wait for the first of them.
    """
    sources = SOURCES / "contract" / "reference"
    home = pathlib.Path(os.environ["LIBRETTO_REFERENCE"])
    home.mkdir(parents=True, exist_ok=True)
    done = home / "installed.json"
    lock = (sources / "package-lock.json").read_text()
    with open(home / ".lock", "w", encoding="utf-8") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        shutil.copy(sources / "server.mjs", home)
        if not done.exists() or done.read_text() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(sources / name, home)
            why_not = npm_install(home)
            if why_not:
                return home, why_not
            done.write_text(lock)
    return home, ""


def npm_install(folder):
    """Why it failed, or nothing."""
    if not shutil.which("npm"):
        return "npm is not installed"
    # No package needs its scripts, so none of them runs.
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-progress", "--prefer-offline",
         "--fetch-retries=1", "--fetch-retry-mintimeout=1000"],
        cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        check=False, timeout=400)
    if installed.returncode == 0:
        return ""
    said = [line for line in installed.stderr.splitlines()
            if "err" in line.lower() and "log" not in line]
    return f"npm cannot install it: {' / '.join(said[:4]) or 'it says not why'}"
