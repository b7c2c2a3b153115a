"""The units: as tight as promised, and with no directive that is for show.

LIBRETTO_UNITS names the folder with the units that the build has made.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "systemd"
UNITS = pathlib.Path(os.environ["LIBRETTO_UNITS"])
SKIPPED = 77

# A user manager of systemd 252 does not apply these, and does not say so,
# unless there is a user namespace; measured from inside of a service.
IGNORED = {
    "PrivateTmp", "PrivateMounts", "PrivateNetwork", "PrivateIPC",
    "ProtectSystem", "ProtectHome", "ProtectControlGroups", "ProtectProc",
    "ProcSubset", "ProtectKernelTunables", "ReadWritePaths", "ReadOnlyPaths",
    "InaccessiblePaths", "NoExecPaths", "TemporaryFileSystem", "BindPaths",
    "RestrictFileSystems",
}
# With these the service would not start at all there.
FATAL = {"CapabilityBoundingSet", "AmbientCapabilities", "PrivateDevices",
         "User", "DynamicUser", "RootDirectory", "RootImage"}
# For system services alone (systemd.exec(5)).
SYSTEMS = {"RemoveIPC"}


def directives(path):
    return re.findall(r"^([A-Za-z]+)=", path.read_text(), re.MULTILINE)


class UnitsTest(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def analyze(self, *arguments):
        # A user manager looks for its folder even when it is not asked.
        environment = dict(os.environ, XDG_RUNTIME_DIR=str(self.folder))
        return subprocess.run(
            ["systemd-analyze", *map(str, arguments)], env=environment,
            capture_output=True, text=True, check=False, timeout=60)

    def unit(self, name, *drop_ins):
        """A copy with the text of its drop-ins at its end."""
        made = self.folder / name
        made.write_text("\n".join(path.read_text() for path in
                                  [UNITS / name,
                                   *(SOURCES / drop for drop in drop_ins)]))
        return made

    def assert_exposure(self, most, unit, *options):
        """`most` in tenths, as --threshold has it."""
        done = self.analyze("security", "--offline=true", "--no-pager",
                            f"--threshold={most}", *options, unit)
        self.assertEqual(done.returncode, 0, done.stdout[-400:] + done.stderr)
        self.assertIn("Overall exposure level", done.stdout)

    def test_the_threshold_is_one(self):
        bare = self.folder / "bare.service"
        bare.write_text("[Service]\nExecStart=/bin/true\n")
        done = self.analyze("security", "--offline=true", "--threshold=90",
                            bare)
        self.assertNotEqual(done.returncode, 0)

    def test_the_agent(self):
        self.assert_exposure(62, self.unit("libretto-agent.service"), "--user")

    def test_the_sandboxed_agent(self):
        self.assert_exposure(
            17, self.unit("libretto-agent.service", "sandboxed.conf"), "--user")

    def test_the_cloud(self):
        self.assert_exposure(10, self.unit("libretto-cloud.service"))

    def test_the_cloud_that_mails(self):
        self.assert_exposure(
            12, self.unit("libretto-cloud.service", "network.conf"))

    def test_no_directive_is_there_for_the_number_alone(self):
        found = set(directives(UNITS / "libretto-agent.service"))
        self.assertEqual(found & (IGNORED | FATAL | SYSTEMS), set())
        # They take effect with the user namespace, so it has to be there.
        drop_in = set(directives(SOURCES / "sandboxed.conf"))
        self.assertIn("PrivateUsers", drop_in)
        self.assertTrue(drop_in & IGNORED)
        self.assertEqual(drop_in & SYSTEMS, set())

    def said_of(self, *units, options=()):
        """What systemd has against them, when the programs are there."""
        for unit in units:
            unit.write_text(re.sub(
                r"^ExecStart=\S+/libretto-\w+", "ExecStart=/bin/true",
                unit.read_text(), flags=re.MULTILINE))
        return self.analyze("verify", "--man=no", *options, *units).stderr

    def test_systemd_understands_every_line(self):
        socket = self.unit("libretto-agent.socket")
        for drop_ins in ((), ("sandboxed.conf",)):
            agent = self.unit("libretto-agent.service", *drop_ins)
            self.assertEqual(
                self.said_of(socket, agent, options=("--user",)), "")
        for drop_ins in ((), ("network.conf",)):
            cloud = self.unit("libretto-cloud.service", *drop_ins)
            self.assertEqual(self.said_of(cloud), "")
        cloud.write_text(cloud.read_text() + "NoNewPrivilege=yes\n")
        self.assertIn("NoNewPrivilege", self.said_of(cloud))


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("SKIPPED: systemd-analyze is not installed", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
