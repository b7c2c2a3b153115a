"""The npm package for workflow code, and its example, ask the real agent.

npm installs the package's own dependencies into the build folder
(LIBRETTO_NODE_CLIENT); where it cannot, the tests are skipped and say why.
"""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

import clouds
import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("proto", "client/node", "examples/node-workflow")
PUBLIC_LIBRETTO = "libretto@0.6.45"
LIMIT_S = 240


def npm(folder, *arguments):
    """Why it failed, or nothing."""
    done = subprocess.run(["npm", *arguments], cwd=folder, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL,
                          check=False, timeout=LIMIT_S)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def built_package():
    """The package, compiled, in a copy of the tree's part that it needs."""
    home = pathlib.Path(os.environ["LIBRETTO_NODE_CLIENT"])
    shutil.rmtree(home, ignore_errors=True)
    for part in PARTS:
        shutil.copytree(ROOT / part, home / part,
                        ignore=shutil.ignore_patterns("node_modules", "dist",
                                                      "descriptor.ts"))
    package = home / "client/node"
    why_not = clouds.npm_install(package)
    if why_not:
        raise unittest.SkipTest(f"the npm package: {why_not}")
    for script in ("check", "build"):
        failed = npm(package, "run", "--silent", script)
        if failed:
            raise AssertionError(f"npm run {script} fails:\n{failed}")
    return package


class NodeClientTest(harness.E2eTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.package = built_package()

    def with_credentials(self):
        self.world.signed_up()
        stored = {
            "username": self.world.store("username"),
            "password": self.world.store("password"),
            "rotating": self.world.store("rotating"),
            "undeclared": self.world.store("undeclared"),
            "spelled": self.world.store("spelled", "\ufeff ä=\"'\\\t\n€ \n"),
        }
        # One newline at the end is what a pipe adds.
        stored["spelled"] = stored["spelled"].removesuffix("\n")
        file = self.world.root / "stored.json"
        file.write_text(json.dumps(stored))
        return stored, file

    def node(self, *arguments, cwd=None, **variables):
        return subprocess.run(
            [shutil.which("node"), *map(str, arguments)],
            cwd=cwd or self.package, text=True, capture_output=True,
            stdin=subprocess.DEVNULL, check=False, timeout=LIMIT_S,
            env=self.world.environment(PATH=os.environ["PATH"],
                                       LIBRETTO_BIN=str(harness.BIN),
                                       **variables))

    def assert_tests_pass(self, files, **variables):
        done = self.node("--test", *files, **variables)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_its_own_tests(self):
        _, file = self.with_credentials()
        files = sorted((self.package / "test").glob("*.test.mjs"))
        self.assertGreater(len(files), 3)
        self.assert_tests_pass(files, LIBRETTO_TEST_STORED=str(file))

    def test_the_public_libretto(self):
        folder = self.world.root / "public"
        folder.mkdir()
        (folder / "package.json").write_text('{"private": true}')
        why_not = npm(folder, "install", "--ignore-scripts", "--no-audit",
                      "--no-fund", "--no-save", "--prefer-offline",
                      "--fetch-retries=1", PUBLIC_LIBRETTO)
        if why_not:
            said = [line for line in why_not.splitlines() if "error" in line]
            raise unittest.SkipTest(
                f"npm cannot install {PUBLIC_LIBRETTO}: {' / '.join(said[:2])}")
        _, file = self.with_credentials()
        self.assert_tests_pass(
            [self.package / "test" / "workflow.test.mjs"],
            LIBRETTO_TEST_STORED=str(file),
            LIBRETTO_TEST_WORKFLOW_MODULE=(
                folder / "node_modules/libretto/dist/index.js").as_uri())

    def test_a_cloud_that_is_away_is_no_agent_that_is_away(self):
        self.with_credentials()
        self.world.must("agent", "stop")
        self.world.must("agent", "start")
        self.world.stop_cloud()
        done = self.node("--input-type=module", "--eval", """
            import { credentials } from "libretto-agent";
            credentials(["username"]).catch(({ code, reason }) =>
              console.log(JSON.stringify({ code, reason: reason ?? null })));
            """)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout),
                         {"code": "UNAVAILABLE", "reason": None})

    def test_a_watch_outlives_its_agent(self):
        stored, _ = self.with_credentials()
        told = self.world.root / "told"
        with open(told, "wb") as out:
            watch = subprocess.Popen(
                [shutil.which("node"), "--input-type=module", "--eval", """
                import { watchCredentials } from "libretto-agent";
                await watchCredentials(["rotating"], ({ value }) =>
                  console.log(value));
                """], cwd=self.package, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, env=self.world.environment(
                    PATH=os.environ["PATH"]))
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)

        def wait_for_values(*values):
            lines = "".join(f"{value}\n" for value in values)
            harness.wait_for(lambda: told.read_text() == lines,
                             "the watch to tell", alive=watch, log=told)

        wait_for_values(stored["rotating"])
        self.world.must("agent", "stop")
        self.world.must("agent", "start")
        new = self.world.secret("the next value")
        self.world.must("cloud", "credentials", "update", "rotating",
                        "--value-stdin", stdin=new)
        wait_for_values(stored["rotating"], new)

    def example(self):
        folder = self.package.parents[1] / "examples/node-workflow"
        failed = npm(folder, "install", "--ignore-scripts", "--prefer-offline",
                     "--no-audit", "--no-fund", "--no-package-lock")
        self.assertEqual(failed, "")
        return self.node("main.mjs", cwd=folder)

    def test_the_example(self):
        stored, _ = self.with_credentials()
        done = self.example()
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "sign-in has username, password\n"
                         "ready to sign in: true\n")
        for value in stored.values():
            self.assertNotIn(value, done.stdout)

    def test_the_example_without_an_agent(self):
        done = self.example()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("UNAVAILABLE: no agent listens at", done.stderr)
        self.assertIn("try: librettoctl agent start", done.stderr)


if __name__ == "__main__":
    harness.main()
