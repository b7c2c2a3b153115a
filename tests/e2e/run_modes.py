"""`run` in each of its modes, and plain exec to compare it with."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

import harness

CTL = str(harness.BIN / "librettoctl")
MODES = {
    "env": [],
    "fd": ["--deliver", "fd"],
    "file": ["--deliver", "file"],
    "on-change": ["--on-change", "signal:USR2"],
    "restart": ["--on-change", "restart"],
    "mask": ["--mask"],
    "all": ["--mask", "--on-change", "restart", "--deliver", "file"],
}
# In these nothing stays behind.
GONE = ("env", "fd", "file")

# print() may not be called while a print() is under way.
SAYS = ("import os, signal, sys\n"
        "def say(text): os.write(1, text.encode() + b'\\n')\n")

# Says what it is; the words are JSON, so that a terminal may bend the rest.
SELF_PORTRAIT = r"""
import json, os, signal, sys
status = dict(line.split(":\t") for line in
              open("/proc/self/status").read().splitlines() if ":\t" in line)
def terminal(fd):
    try:
        return os.isatty(fd) and list(os.get_terminal_size(fd))
    except OSError:
        return None
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "umask": status["Umask"],
    "ignored": status["SigIgn"], "blocked": status["SigBlk"],
    "caught": status["SigCgt"], "limits": open("/proc/self/limits").read(),
    "descriptors": sorted(int(fd) for fd in os.listdir("/proc/self/fd")
                          if os.path.exists("/proc/self/fd/" + fd)
                          and "memfd" not in os.readlink("/proc/self/fd/" + fd)),
    "terminals": [terminal(fd) for fd in range(3)],
    "nice": os.nice(0), "groups": os.getgroups(),
    "children": open(f"/proc/self/task/{os.getpid()}/children").read()}))
"""


class Terminal:
    """A session on a terminal of its own, as a terminal emulator starts it."""

    def __init__(self, argv, environment, size=(40, 100)):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                    struct.pack("4H", *size, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(theirs, fd)
            os.closerange(3, 256)
            os.execve(argv[0], argv, environment)
        os.close(theirs)
        self.fd = ours
        self.shown = b""

    def expect(self, text, seconds=10):
        """Reads until `text` is shown; returns what came before it."""
        deadline = time.monotonic() + seconds * harness.PATIENCE
        while text.encode() not in self.shown:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self.fd], [], [], left)[0]
            try:
                data = os.read(self.fd, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"no {text!r} in {self.shown!r}")
            self.shown += data
        before, _, self.shown = self.shown.partition(text.encode())
        return before.decode(errors="replace")

    def type(self, text):
        os.write(self.fd, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def wait(self):
        with contextlib.suppress(OSError):
            while select.select([self.fd], [], [], 10 * harness.PATIENCE)[0]:
                data = os.read(self.fd, 65536)
                if not data:
                    break
                self.shown += data
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def end(self):
        self.close()
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


class RunModesTest(harness.E2eTest):
    """One world for all tests, with a credential that `run` hands over."""

    @classmethod
    def setUpClass(cls):
        cls.memory = pathlib.Path(tempfile.mkdtemp(prefix="libretto-e2e-",
                                                   dir="/dev/shm"))
        cls.shared = harness.World()
        cls.shared.runtime = cls.memory
        cls.shared.signed_up()
        cls.value = cls.shared.store("username")

    @classmethod
    def tearDownClass(cls):
        cls.shared.close()
        shutil.rmtree(cls.memory, ignore_errors=True)

    def setUp(self):
        self.world = self.shared

    @staticmethod
    def line(mode, command):
        """`command` as plain exec has it, or under `run`."""
        if mode is None:
            return command
        return [CTL, "run", *MODES[mode], "--credential", "username", "--",
                *command]

    def start(self, mode, command, **more):
        process = subprocess.Popen(
            self.line(mode, command), env=self.world.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **more)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
        process.wait()

    def on_terminal(self, mode, command):
        terminal = Terminal(self.line(mode, command), self.world.environment(
            TERM="xterm"))
        self.addCleanup(terminal.end)
        return terminal

    def portrait(self, mode, prepare=None, **more):
        done = subprocess.run(
            self.line(mode, ["/usr/bin/python3", "-c", SELF_PORTRAIT, "a b",
                             "", "--", "-x"]),
            env=self.world.environment(), capture_output=True, check=True,
            preexec_fn=prepare, **more)
        return json.loads(done.stdout)
