"""The units as they are installed, booted: the agent in both variants, and the
cloud; looked at from inside, and by a process of the same user.

    tests/long/units_boot_test.py -v
"""

import json
import os
import pathlib
import re
import sys
import unittest

import machine

SOURCES = pathlib.Path(__file__).resolve().parents[2]
LOOK_INTO = (SOURCES / "tests/e2e/look_into.py").read_text()
DROP_IN = (SOURCES / "systemd/sandboxed.conf").read_text()
PASSWORD = "correct horse battery staple"
SKIPPED = 77

UNIT = "libretto-agent.service"
PLACE = f"{machine.HOME}/.config/systemd/user/{UNIT}.d"


class UnitsBootTest(unittest.TestCase):
    """One machine for all; each test leaves the agent's socket listening."""

    @classmethod
    def setUpClass(cls):
        cls.machine = machine.Machine()
        cls.addClassCleanup(cls.machine.close)
        cls.machine.boot()
        started = cls.machine.as_root("systemctl", "start", "libretto-cloud")
        assert started.returncode == 0, (started.stderr, cls.machine.journal())
        # What a user's session may have in its environment.
        cls.machine.must("systemctl", "--user", "set-environment",
                         "GRPC_TRACE=all", "LD_PRELOAD=/nonexistent.so",
                         "SSLKEYLOGFILE=/tmp/keys", "LIBRETTO_API_KEY=wrong")
        cls.machine.must("systemctl", "--user", "enable", "--now",
                         "libretto-agent.socket")
        cls.sign_up()

    @classmethod
    def sign_up(cls):
        cls.machine.must(
            "librettoctl", "cloud", "auth", "signup", "--name", "Casey",
            "--email", "casey@example.test", "--organization", "Example",
            "--password-stdin", "--no-wait", stdin=PASSWORD)
        mails = cls.machine.as_root(
            "sh", "-c", "cat /var/lib/libretto-cloud/mail/*.eml").stdout
        link = re.search(r"^http\S+", mails, re.MULTILINE)[0]
        followed = cls.machine.as_root(
            "/usr/bin/python3", "-c", "import sys, urllib.request;"
            "urllib.request.urlopen(sys.argv[1])", link)
        assert followed.returncode == 0 or "404" in followed.stderr, (
            followed.stderr)
        cls.machine.must("librettoctl", "cloud", "credentials", "create",
                         "username", "--value-stdin", stdin="alice")

    def variant(self, drop_in):
        """Restarts the agent's socket with `drop_in`, or without one."""
        self.machine.must("mkdir", "-p", PLACE)
        self.machine.must("rm", "-f", f"{PLACE}/test.conf")
        if drop_in:
            self.machine.must("sh", "-c", f"cat > {PLACE}/test.conf",
                              stdin=drop_in)
        self.machine.must("systemctl", "--user", "daemon-reload")
        self.machine.as_user("systemctl", "--user", "reset-failed")
        self.machine.must("systemctl", "--user", "stop", UNIT)
        self.machine.must("systemctl", "--user", "restart",
                          "libretto-agent.socket")

    def agent(self):
        """Its status; starts it, as any command does."""
        return json.loads(self.machine.must("librettoctl", "agent", "status",
                                            "--json"))

    def properties(self, *names):
        shown = self.machine.must("systemctl", "--user", "show", UNIT,
                                  *(f"--property={name}" for name in names))
        return dict(line.split("=", 1) for line in shown.splitlines())

    def proc(self, pid, name):
        outside = self.machine.pid_outside(pid)
        return pathlib.Path(f"/proc/{outside}/{name}").read_text()

    def assert_serves(self):
        self.assertEqual(self.machine.must("librettoctl", "read", "username"),
                         "alice\n")
        self.machine.must("librettoctl", "agent", "sync")
        # With a scope of its own, whose socket lies beside the agent's.
        self.assertEqual(
            self.machine.must("librettoctl", "run", "--credential", "username",
                              "--", "librettoctl", "read", "username"),
            "alice\n")

    def assert_confined(self, status):
        of = dict(line.split(":\t", 1) for line in
                  self.proc(status["pid"], "status").splitlines()
                  if ":\t" in line)
        self.assertEqual(of["NoNewPrivs"], "1")
        self.assertEqual(of["Seccomp"], "2")
        # Ours and systemd's.
        self.assertGreater(int(of.get("Seccomp_filters", "2")), 1)
        self.assertEqual(int(of["CapEff"], 16), 0)
        self.assertEqual(int(of["CapAmb"], 16), 0)
        limits = self.proc(status["pid"], "limits")
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        self.assertRegex(limits, r"Max open files +4096 +4096 ")
        self.assertTrue(status["system_calls_filtered"])
        environment = self.proc(status["pid"], "environ")
        for name in ("GRPC_TRACE", "LD_PRELOAD", "SSLKEYLOGFILE",
                     "LIBRETTO_API_KEY"):
            self.assertNotIn(name + "=", environment)

    def assert_cannot_be_looked_into(self, pid):
        # Through a session of its own, as an attacker of that user has.
        done = self.machine.as_root(
            "su", machine.USER, "-s", "/bin/sh", "-c",
            f"exec /usr/bin/python3 - {pid}", stdin=LOOK_INTO)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, ""),
                         done.stderr)

    def test_the_attacker_works_where_nothing_forbids_it(self):
        script = (f"/usr/bin/sleep 60 & pid=$!; /usr/bin/python3 - $pid;"
                  " kill $pid")
        done = self.machine.as_root("su", machine.USER, "-s", "/bin/sh", "-c",
                                    script, stdin=LOOK_INTO)
        self.assertEqual(len(done.stdout.split()), 8, done.stderr)

    def test_the_shipped_variant(self):
        self.variant(None)
        status = self.agent()
        self.assert_confined(status)
        self.assertEqual(status["socket"],
                         f"{machine.RUNTIME}/libretto/agent.sock")
        self.assert_serves()
        self.assert_cannot_be_looked_into(status["pid"])
        now = self.properties("MainPID", "ActiveState", "Type", "NRestarts")
        self.assertEqual(now, {"MainPID": str(status["pid"]),
                               "ActiveState": "active", "Type": "notify",
                               "NRestarts": "0"})

    def test_the_sandboxed_variant(self):
        self.variant(DROP_IN)
        status = self.agent()
        self.assert_confined(status)
        self.assert_serves()
        self.assert_cannot_be_looked_into(status["pid"])
        # Its directives took effect.
        outside = self.machine.pid_outside(status["pid"])
        for namespace in ("user", "mnt"):
            self.assertNotEqual(
                os.readlink(f"/proc/{outside}/ns/{namespace}"),
                os.readlink(f"/proc/{self.machine.leader}/ns/{namespace}"))
        mounts = self.proc(status["pid"], "mountinfo")
        self.assertRegex(mounts, r" / / ro,")
        self.assertRegex(mounts, rf" {machine.HOME}/\.libretto rw,")

    def test_a_readable_program_does_not_start(self):
        for drop_in in (None, DROP_IN):
            with self.subTest(sandboxed=bool(drop_in)):
                self.variant(drop_in)
                program = self.machine.as_root(
                    "sh", "-c", "command -v libretto-agent").stdout.strip()
                self.machine.as_root("chmod", "0755", program)
                self.addCleanup(self.machine.as_root, "chmod", "0711", program)
                failed = self.machine.as_user("systemctl", "--user", "start",
                                              UNIT)
                self.assertNotEqual(failed.returncode, 0)
                self.assertIn("chmod 0711", self.machine.journal())
                self.machine.as_root("chmod", "0711", program)

    def test_killed_again_and_again_it_is_there(self):
        # More often than a unit may be started in a while, by default.
        self.variant("[Unit]\nStartLimitIntervalSec=0\n"
                     "[Service]\nRestartSec=10ms\n")
        # Fewer times than the socket may be triggered in ten seconds.
        for _ in range(15):
            self.machine.as_root("kill", "-9", self.agent()["pid"])
            self.assert_serves()

    def test_a_hung_agent_is_replaced(self):
        self.variant("[Service]\nWatchdogSec=2s\nRestartSec=10ms\n")
        hung = self.agent()["pid"]
        self.machine.as_root("kill", "-STOP", hung)
        self.machine.until(
            lambda: self.properties("MainPID")["MainPID"] not in
            ("0", str(hung)), "the watchdog")
        self.assert_serves()

    def test_the_clouds_sandbox(self):
        pid = self.machine.as_root(
            "systemctl", "show", "--value", "--property=MainPID",
            "libretto-cloud").stdout.strip()
        of = dict(line.split(":\t", 1) for line in
                  self.proc(pid, "status").splitlines() if ":\t" in line)
        self.assertEqual(of["NoNewPrivs"], "1")
        self.assertEqual(of["Seccomp"], "2")
        self.assertEqual(int(of["CapEff"], 16), 0)
        self.assertNotIn(of["Uid"].split()[0], ("0", str(machine.UID)))
        mounts = self.proc(pid, "mountinfo")
        self.assertRegex(mounts, r" / / ro,")
        self.assertRegex(mounts, r" /var/lib/private/libretto-cloud rw,"
                         r"| /var/lib/libretto-cloud rw,")


if __name__ == "__main__":
    REASON = machine.why_not()
    if REASON:
        print(f"SKIPPED: {REASON}", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
