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

    ASKS = """
        import { credentials, watchCredentials } from "libretto-agent";
        const ask = (name) => credentials([name]).then(
            (values) => values[name], ({ code, reason }) => [code, reason]);
        const stop = new AbortController();
        await watchCredentials(["username"], () => stop.abort(),
                               { signal: stop.signal });
        console.log(JSON.stringify([await ask("username"),
                                    await ask("undeclared")]));
        """

    def assert_is_in_a_scope(self, code, out, err, stored):
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out),
                         [stored["username"], ["PERMISSION_DENIED", "scope"]])

    def test_under_run_it_is_in_a_scope(self):
        stored, _ = self.with_credentials()
        done = self.world.run(
            [str(harness.BIN / "librettoctl"), "run", "--credential",
             "username", "--", shutil.which("node"), "--input-type=module",
             "--eval", self.ASKS], cwd=self.package)
        self.assert_is_in_a_scope(done.code, done.out, done.err, stored)

    @unittest.skipUnless(os.geteuid() == 0, "a mount needs root")
    def test_a_socket_of_another_user_has_to_be_a_mount(self):
        stored, _ = self.with_credentials()
        socket = self.world.must("scope", "create", "--name", "box", "--allow",
                                 "username").strip()
        os.chown(socket, 4321, 4321)
        place = self.world.root / "a b.sock"
        place.touch()
        done = self.node("--input-type=module", "--eval", self.ASKS,
                         LIBRETTO_AGENT_SOCK=socket)
        self.assertEqual(done.returncode, 1)
        self.assertIn("belongs to uid 4321", done.stderr)
        mounted = subprocess.run(
            ["unshare", "--mount", "/bin/sh", "-c",
             'mount --bind "$0" "$1" && shift && exec "$@"', socket,
             str(place),
             shutil.which("node"), "--input-type=module", "--eval",
             self.ASKS], cwd=self.package, text=True, capture_output=True,
            check=False, timeout=LIMIT_S, env=self.world.environment(
                LIBRETTO_AGENT_SOCK=str(place)))
        self.assert_is_in_a_scope(mounted.returncode, mounted.stdout,
                                  mounted.stderr, stored)

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
