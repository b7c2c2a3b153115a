"""No start of the agent leaves a moment in which its user's other processes can
read its memory: a program that is installed as it should be is closed from its
first instruction on.

    tests/long/start_race_test.py -v
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

SOURCES = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCES / "tests/e2e"))

import harness  # noqa: E402, pylint: disable=wrong-import-position

NOBODY = 65534
STARTS = int(os.environ.get("LIBRETTO_STARTS", "1000"))

# Starts the agent again and again, and reads from its memory all the while
# until it says that it is ready. Prints how many starts there were, and in how
# many of them one reading was not refused.
RACER = r"""
import ctypes, os, signal, sys

libc = ctypes.CDLL(None, use_errno=True)

class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

buffer = ctypes.create_string_buffer(1)
here = IoVec(ctypes.cast(buffer, ctypes.c_void_p), 1)
there = IoVec(0x1000, 1)

def readable(pid):
    libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return ctypes.get_errno() not in (1, 3)  # EPERM, ESRCH

def is_agent(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().startswith(b"libretto-agent\0")

program, starts = sys.argv[1], int(sys.argv[2])
read = ready = 0
for _ in range(starts):
    ends = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(ends[1], 9)
        os.execve(program, ["libretto-agent", "serve", "--ready-fd", "9",
                            "--log-level", "off"], os.environ)
    os.close(ends[1])
    os.set_blocking(ends[0], False)
    won = False
    while not is_agent(pid):
        pass
    while True:
        won = readable(pid) or won
        try:
            said = os.read(ends[0], 100)
        except BlockingIOError:
            continue
        ready += said.startswith(b"ready")
        break
    read += won
    os.close(ends[0])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
print(ready, read)
"""


@unittest.skipUnless(os.geteuid() == 0, "installing as root needs root")
@unittest.skipIf(harness.SANITIZED, "a sanitizer's start is another one")
class StartRaceTest(unittest.TestCase):

    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.world.root.chmod(0o755)
        for folder in (self.world.home, self.world.runtime):
            os.chown(folder, NOBODY, NOBODY)

    def race(self, mode, starts):
        program = self.world.root / "libretto-agent"
        shutil.copy(harness.BIN / "libretto-agent", program)
        program.chmod(mode)
        done = subprocess.run(
            ["/usr/bin/python3", "-c", RACER, str(program), str(starts)],
            user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True,
            text=True, check=True,
            env=self.world.environment(LD_BIND_NOW="1"))
        ready, read = map(int, done.stdout.split())
        self.assertEqual(ready, starts)
        return read

    def test_a_readable_program_can_be_caught(self):
        self.assertGreater(self.race(0o755, 20), 0)

    def test_an_unreadable_one_never(self):
        self.assertEqual(self.race(0o711, STARTS), 0)


if __name__ == "__main__":
    harness.main()
