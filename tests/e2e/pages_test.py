"""The cloud's pages in a real Chromium: each one, and the whole journey.

LIBRETTO_SCREENSHOTS names a folder that keeps the screenshots.
"""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

import harness

SOURCES = pathlib.Path(__file__).resolve().parent / "pages"
CHROMIUM = "/usr/bin/chromium"
LIMIT_S = 240


def install(folder):
    """The scripts with their package; a skip, with the reason, without it."""
    if not os.access(CHROMIUM, os.X_OK):
        raise unittest.SkipTest("chromium is not installed")
    if not shutil.which("npm"):
        raise unittest.SkipTest("npm is not installed")
    shutil.copytree(SOURCES, folder,
                    ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(
        ["npm", "install", "--no-progress", "--prefer-offline"], cwd=folder,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        timeout=240)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise unittest.SkipTest(f"npm cannot install playwright-core: {last}")


class PagesTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.scripts = self.world.root / "pages"
        install(self.scripts)
        kept = os.environ.get("LIBRETTO_SCREENSHOTS")
        self.screenshots = pathlib.Path(kept or self.world.root / "screenshots")
        self.screenshots.mkdir(parents=True, exist_ok=True)
        self.addCleanup(self.say_where_the_pictures_are)
        self.world.start_cloud()

    def say_where_the_pictures_are(self):
        for picture in sorted(self.screenshots.glob("*.png")):
            print(picture)

    def browse(self, script, **more):
        """Runs a script to its good end; returns what it printed."""
        about = {"origin": self.world.api_url, "executable": CHROMIUM,
                 "screenshots": str(self.screenshots.resolve()), **more}
        done = subprocess.run(
            [shutil.which("node"), script], input=json.dumps(about),
            cwd=self.scripts, capture_output=True, text=True, check=False,
            env=self.world.environment(PATH=os.environ["PATH"]),
            timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_every_page(self):
        self.browse("every_page.mjs")
        self.assertTrue((self.screenshots / "signin-dark.png").exists())

    def test_the_journey(self):
        passwords = {name: self.world.secret(f"password of {name}")
                     for name in ("owner", "mate", "ownersNext")}
        secrets = json.loads(self.browse(
            "journey.mjs", outbox=str(self.world.cloud.outbox),
            passwords=passwords))
        log = self.world.cloud_log.read_text()
        for secret in [*secrets, *passwords.values()]:
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    harness.main()
