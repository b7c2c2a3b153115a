"""An agent that a test starts itself, to choose how and as whom."""

import ctypes
import os
import shutil
import subprocess

import harness

AGENT = harness.BIN / "libretto-agent"


class Served:
    """`libretto-agent serve` in `world`; `before` stands in front of it."""

    def __init__(self, world, *before, user=None, env=None, cwd=None, **more):
        as_user = {} if user is None else {
            "user": user, "group": user, "extra_groups": []}
        self.stderr = world.root / "stderr"
        program = AGENT
        if user is not None and world.root not in AGENT.parents:
            # Where it lies may be closed to others.
            program = world.root / AGENT.name
            shutil.copy(AGENT, program)
            program.chmod(0o755)
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [*map(str, before), str(program), "serve", "--log-file",
             str(world.log_file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.stderr, "wb"), cwd=cwd or world.root,
            env=env or world.environment(LD_BIND_NOW="1"), **as_user, **more)
        self.world = world

    def until_ready(self):
        harness.wait_for(self.world.socket.exists, "the agent to listen",
                         alive=self.process, log=self.stderr, seconds=30)
        return self

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        return self.stderr.read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=harness.COMMAND_LIMIT_S)


def give_to(world, user):
    """Makes `user` the owner of that world's home."""
    for folder, folders, files in os.walk(world.root):
        for path in (folder, *(os.path.join(folder, name)
                               for name in folders + files)):
            os.chown(path, user, user, follow_symlinks=False)
    world.root.chmod(0o755)


def status_of(pid):
    """/proc/PID/status as a dictionary."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file
                    if ":\t" in line)


def landlock_abi():
    """What this kernel has, asked as the agent asks."""
    abi = ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)
    return max(abi, 0)
