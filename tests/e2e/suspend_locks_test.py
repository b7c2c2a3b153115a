"""The agent locks before the machine sleeps, when the screen is locked and when
the last session has ended: with a stand-in for logind on a bus of its own.
"""

import os
import shutil
import subprocess
import unittest

import harness

BUS = """<busconfig>
  <type>custom</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@unittest.skipUnless(shutil.which("dbus-daemon"), "dbus-daemon is missing")
class SuspendLocksTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.world.must("agent", "stop")
        self.address = f"unix:path={self.world.root}/bus"
        config = self.world.root / "bus.conf"
        config.write_text(BUS.format(path=f"{self.world.root}/bus"))
        self.bus = self.start(["dbus-daemon", f"--config-file={config}",
                               "--nofork", "--print-address"])
        self.bus.stdout.readline()
        self.logind = self.start([os.environ["LIBRETTO_FAKE_LOGIND"]])
        self.heard("ready")

    def start(self, argv):
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=self.environment())
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    def environment(self):
        return self.world.environment(DBUS_SYSTEM_BUS_ADDRESS=self.address)

    def heard(self, word):
        self.assertEqual(self.logind.stdout.readline(), f"{word}\n")

    def tell(self, word):
        self.logind.stdin.write(f"{word}\n")
        self.logind.stdin.flush()

    def enrolled(self):
        self.world.must("agent", "start", env=self.environment())
        self.heard("inhibited")
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        harness.wait_for(lambda: self.world.status()["locks_on"],
                         "logind's answer")

    def assert_locks(self, because):
        harness.wait_for(lambda: self.world.session() == "locked",
                         "the agent to lock")
        self.assertEqual(self.world.status()["locked_because"], because)

    def test_before_the_machine_sleeps(self):
        self.enrolled()
        value = self.world.store("username")
        self.tell("sleep")
        # Not before it has locked, and its key is revoked.
        self.heard("released")
        self.assertEqual(self.world.session(), "locked")
        self.assertEqual(self.world.status()["locked_because"],
                         "the machine goes to sleep")
        self.tell("wake")
        self.heard("inhibited")
        self.assertEqual(self.world.session(), "locked")
        self.assert_exit(0, self.world.unlock())
        self.assertEqual(self.world.read("username"), value)
        # Once more, with the inhibitor that it has taken again.
        self.tell("sleep")
        self.heard("released")
        self.assertEqual(self.world.session(), "locked")

    def test_a_cloud_that_is_away_holds_it_two_seconds_at_most(self):
        self.enrolled()
        self.world.store("username")
        self.world.cloud.process.send_signal(19)  # SIGSTOP
        self.addCleanup(self.world.cloud.process.send_signal, 18)  # SIGCONT
        self.tell("sleep")
        self.heard("released")
        self.assertEqual(self.world.session(), "locked")

    def test_without_a_passphrase_nothing_is_held_up(self):
        self.world.must("agent", "start", env=self.environment())
        self.heard("inhibited")
        self.tell("sleep")
        self.heard("released")
        self.assertEqual(self.world.session(), "signed_in")

    def test_when_the_screen_is_locked(self):
        self.enrolled()
        self.tell("lock-of-another")
        self.tell("lock")
        self.assert_locks("the screen was locked")

    def test_when_the_desktop_says_that_it_has_locked_the_screen(self):
        self.enrolled()
        self.tell("hint")
        self.assert_locks("the screen was locked")

    def test_not_when_somebody_else_locks_theirs(self):
        self.enrolled()
        self.tell("lock-of-another")
        # What comes after it has been heard; so it has been heard as well.
        self.tell("sleep")
        self.heard("released")
        self.assertEqual(self.world.status()["locked_because"],
                         "the machine goes to sleep")

    def test_when_the_last_session_ends(self):
        self.enrolled()
        self.tell("end")
        self.assert_locks("the last session has ended")

    def test_the_status_says_what_is_active(self):
        self.enrolled()
        status = self.world.status()
        self.assertEqual(status["locks_on"], [
            "suspend", "screen lock", "end of the last session"])
        self.assertIsNone(status["locks_not_on"])

    def test_the_status_says_when_the_bus_is_gone(self):
        self.enrolled()
        self.end(self.bus)
        harness.wait_for(lambda: not self.world.status()["locks_on"],
                         "the agent to notice")
        self.assertIn("D-Bus", self.world.status()["locks_not_on"])
        # It goes on without.
        self.world.must("agent", "lock")

    def test_without_a_bus_it_says_so(self):
        self.world.must("agent", "start", env=self.world.environment(
            DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere"))
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        self.assertEqual(self.world.status()["locks_on"], [])
        self.assertIn("no system D-Bus", self.world.status()["locks_not_on"])
        self.assertIn("no system D-Bus", self.world.must("agent", "status"))


if __name__ == "__main__":
    harness.main()
