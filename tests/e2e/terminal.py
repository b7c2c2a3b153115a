"""A command on a pseudo-terminal, as a person has it."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time

import harness


class Terminal:
    """librettoctl with a terminal of its own; killed by close()."""

    def __init__(self, world, *arguments, **environment):
        self.leader, follower = pty.openpty()
        self.command = subprocess.Popen(
            [harness.BIN / "librettoctl", *arguments], cwd="/",
            stdin=follower, stdout=follower, stderr=follower,
            env=world.environment(TERM="xterm", **environment),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(follower)
        self.shown = ""
        self.seen = 0

    def close(self):
        if self.command.poll() is None:
            self.command.send_signal(signal.SIGKILL)
            self.command.wait()
        if self.leader is not None:
            os.close(self.leader)
            self.leader = None

    def read_more(self, deadline):
        """False at the end of what it shows."""
        ready, _, _ = select.select(
            [self.leader], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"it shows no more than\n{self.shown}")
        try:
            text = os.read(self.leader, 65536)
        except OSError:  # EIO: the other side has closed
            return False
        self.shown += text.decode(errors="replace").replace("\r\n", "\n")
        return bool(text)

    def expect(self, text):
        """Waits until it is shown, after what was expected before."""
        deadline = time.monotonic() + harness.COMMAND_LIMIT_S
        while (found := self.shown.find(text, self.seen)) < 0:
            if not self.read_more(deadline):
                raise AssertionError(f"it ended without {text!r}\n{self.shown}")
        self.seen = found + len(text)

    def echoes(self):
        return bool(termios.tcgetattr(self.leader)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.leader, text.encode())

    def answer(self, prompt, text, secret=False):
        self.expect(f"{prompt}: ")
        if self.echoes() == secret:
            raise AssertionError(f"{prompt}: echo is {self.echoes()}")
        self.type(f"{text}\n")

    def interrupt(self):
        self.type("\x03")

    def end(self):
        """Its exit code, once everything is shown."""
        deadline = time.monotonic() + harness.COMMAND_LIMIT_S
        while self.read_more(deadline):
            pass
        code = self.command.wait(harness.COMMAND_LIMIT_S)
        self.close()
        return code
