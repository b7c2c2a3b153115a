"""Starts guarded_agent (tests/agent/guarded_agent_main.cc): the agent's gRPC
server with a cloud in memory; and asks the kernel about it."""

import os
import pathlib
import subprocess
import tempfile

import harness


class GuardedAgent:

    def __init__(self, idle_ms):
        self.folder = tempfile.TemporaryDirectory(prefix="libretto-",
                                                  dir="/tmp")
        os.chmod(self.folder.name, 0o700)
        self.errors = tempfile.TemporaryFile()
        # Not a pipe: that would be full of reasons before a long flood is over,
        # and the agent would wait for somebody to read them.
        out = pathlib.Path(self.folder.name) / "out"
        with open(out, "wb") as writing:
            self.process = subprocess.Popen(
                [harness.BIN / "guarded_agent", self.folder.name, str(idle_ms)],
                stdout=writing, stderr=self.errors)
        self.out = open(out, "rb")
        harness.wait_for(lambda: out.read_bytes().startswith(b"ready\n"),
                         "guarded_agent to start", alive=self.process)
        self.out.readline()
        self.socket = self.folder.name + "/agent.sock"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.out.close()
        self.errors.close()
        self.folder.cleanup()

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}")

    def rss(self):
        return int(self.proc("statm").read_text().split()[1]) * os.sysconf(
            "SC_PAGESIZE")

    def cpu_s(self):
        fields = self.proc("stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        """How many are open; only root sees that, of an undumpable process."""
        return len(os.listdir(self.proc("fd")))

    def reasons(self):
        """Why callers were cut off since this was last asked."""
        return self.out.read().decode()

    def said(self):
        """All that went to standard error."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")
