"""A machine of its own: this one's files, copied on write, booted by systemd in
a container. Needs root, systemd-nspawn and a kernel with overlayfs.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ["LIBRETTO_BUILD"])
UID = 1777
USER = "casey"
HOME = f"/home/{USER}"
RUNTIME = f"/run/user/{UID}"
PATIENCE_S = 120

# Nothing of what the machine below happens to have enabled.
TARGET = f"""\
[Unit]
Requires=basic.target
Wants=dbus.service systemd-logind.service user@{UID}.service
After=basic.target dbus.service systemd-logind.service user@{UID}.service
AllowIsolate=yes
"""


def why_not():
    """Why there cannot be one here; empty when there can."""
    if os.geteuid() != 0:
        return "booting a container needs root"
    for tool in ("systemd-nspawn", "nsenter", "cmake"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    if "\toverlay\n" not in pathlib.Path("/proc/filesystems").read_text():
        return "this kernel has no overlayfs"
    return ""


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          timeout=PATIENCE_S, **more)


class Machine:

    def __init__(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="libretto-machine-"))
        self.root = self.scratch / "root"
        self.log = self.scratch / "boot.log"
        self.container = None
        self.leader = None
        run("mount", "-t", "tmpfs", "none", str(self.scratch))
        for name in ("root", "upper", "work"):
            (self.scratch / name).mkdir()
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir=/,upperdir={self.scratch}/upper,"
            f"workdir={self.scratch}/work", str(self.root))
        self.install()

    def install(self):
        """Programs and units where `cmake --install` puts them, and a user."""
        run("cmake", "--install", str(BUILD),
            env=dict(os.environ, DESTDIR=str(self.root)))
        etc = self.root / "etc"
        for name, line in (
                ("passwd", f"{USER}:x:{UID}:{UID}::{HOME}:/bin/sh"),
                ("group", f"{USER}:x:{UID}:"),
                ("shadow", f"{USER}:*:19000:0:99999:7:::")):
            with open(etc / name, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        home = self.root / HOME[1:]
        home.mkdir(parents=True, mode=0o700)
        os.chown(home, UID, UID)
        (etc / "systemd/system/libretto-test.target").write_text(TARGET)
        for name in ("machine-id", "hostname"):
            (etc / name).unlink(missing_ok=True)
        (etc / "machine-id").touch()
        key = etc / "libretto-cloud/key"
        key.parent.mkdir(mode=0o700)
        key.write_text("5e" * 32 + "\n")
        key.chmod(0o400)

    def boot(self):
        with open(self.log, "wb") as log:
            # pylint: disable-next=consider-using-with
            self.container = subprocess.Popen(
                ["systemd-nspawn", "-D", str(self.root), "--register=no",
                 "--keep-unit", "--private-network", "--console=pipe",
                 # What a machine has and a container by default has not.
                 "--system-call-filter=@memlock memfd_secret "
                 "landlock_create_ruleset landlock_add_rule "
                 "landlock_restrict_self",
                 f"--machine=libretto-{os.getpid()}", "/lib/systemd/systemd",
                 "--unit=libretto-test.target"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={k: v for k, v in os.environ.items()
                     if k != "NOTIFY_SOCKET"})
        self.until(self.find_leader, "the container's first process")
        self.until(lambda: self.as_user("systemctl", "--user",
                                        "is-system-running").stdout.strip()
                   in ("running", "degraded"), "the user's manager")

    def find_leader(self):
        children = pathlib.Path(f"/proc/{self.container.pid}/task/"
                                f"{self.container.pid}/children")
        for pid in children.read_text().split():
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            if line.startswith(b"/lib/systemd/systemd\0"):
                self.leader = int(pid)
        return self.leader

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if self.container.poll() is not None or (
                    time.monotonic() > deadline):
                raise AssertionError(f"waited in vain for {what}\n"
                                     + self.log.read_text(errors="replace"))
            time.sleep(0.1)

    def as_root(self, *argv, stdin=""):
        """Runs it inside."""
        return subprocess.run(
            ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc",
             "--net", "--pid", "--cgroup", f"--root=/proc/{self.leader}/root",
             "--wd=/", "--", "env", "-i",
             "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
             *map(str, argv)],
            input=stdin, capture_output=True, text=True, check=False,
            timeout=PATIENCE_S)

    def as_user(self, *argv, stdin="", **variables):
        variables = {"HOME": HOME, "XDG_RUNTIME_DIR": RUNTIME, "USER": USER,
                     "DBUS_SESSION_BUS_ADDRESS": f"unix:path={RUNTIME}/bus",
                     "LIBRETTO_API_URL": "http://127.0.0.1:8080", **variables}
        return self.as_root(
            "setpriv", f"--reuid={UID}", f"--regid={UID}", "--init-groups",
            "--inh-caps=-all", "--bounding-set=-all", "env",
            *(f"{name}={value}" for name, value in variables.items()), *argv,
            stdin=stdin)

    def must(self, *argv, **more):
        """as_user() that has to succeed; what it printed."""
        done = self.as_user(*argv, **more)
        assert done.returncode == 0, (argv, done.stdout, done.stderr,
                                      self.journal())
        return done.stdout

    def journal(self):
        return self.as_root("journalctl", "--no-pager", "-n", "40").stdout

    def pid_outside(self, pid):
        """What the machine below calls that process of the container."""
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                status = (entry / "status").read_text()
                inside = os.readlink(entry / "ns/pid")
            except OSError:
                continue
            numbers = re.search(r"^NSpid:\t(.*)$", status, re.MULTILINE)
            if (inside == os.readlink(f"/proc/{self.leader}/ns/pid")
                    and numbers[1].split()[-1] == str(pid)):
                return int(entry.name)
        raise AssertionError(f"there is no process {pid} inside")

    def close(self):
        if self.container and self.container.poll() is None:
            self.container.terminate()
            try:
                self.container.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.container.kill()
                self.container.wait()
        for path in (self.root, self.scratch):
            subprocess.run(["umount", "--lazy", str(path)], check=False)
        os.rmdir(self.scratch)
