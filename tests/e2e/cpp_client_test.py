"""The C++ client library, installed, and its example ask the real agent.

The package goes to a folder of its own, and what is built against it there sees
nothing else of this tree.
"""

import functools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = harness.BIN.parent
LIMIT_S = 240


def tool(*argv):
    done = subprocess.run([str(word) for word in argv], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL,
                          check=False, timeout=LIMIT_S)
    if done.returncode != 0:
        raise AssertionError(f"{argv[0]} {argv[1]} fails:\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout


class Driver:
    """tests/e2e/cpp_client/driver.cc, asked line by line."""

    def __init__(self, program, environment):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, encoding="utf-8",
            env=environment, cwd="/")

    def say(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        return self.process.stdout.readline().removesuffix("\n")

    def get(self, names, verb="get"):
        """The values by name; or the error's five parts."""
        self.say(f"{verb} {names}")
        return self.answer()

    def answer(self):
        values = {}
        while (line := self.hear()) != "done":
            kind, _, rest = line.partition(" ")
            if kind == "error":
                return rest.split("|")
            if kind != "value":
                raise AssertionError(f"the driver said {line!r}")
            name, _, value = rest.partition("=")
            values[name] = value
        return values

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class CppClientTest(harness.E2eTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = cls.folder / "prefix"
        tool("cmake", "--install", BUILD, "--component", "cpp",
             "--prefix", cls.prefix)

    @classmethod
    @functools.cache
    def built(cls, source):
        folder = cls.folder / source.replace("/", "-")
        tool("cmake", "-G", "Ninja", "-S", ROOT / source, "-B", folder,
             f"-DCMAKE_PREFIX_PATH={cls.prefix}")
        tool("cmake", "--build", folder)
        return folder

    def driver(self, **variables):
        program = self.built("tests/e2e/cpp_client") / "driver"
        driver = Driver(program, self.world.environment(**variables))
        self.addCleanup(driver.close)
        return driver

    def stored(self):
        self.world.signed_up()
        return {name: self.world.store(name)
                for name in ("username", "password")}

    # The package.

    def test_an_archive_shows_its_public_names_alone(self):
        [archive] = self.prefix.rglob("*.a")
        names = [line.split(maxsplit=2)[2] for line in
                 tool("nm", "-C", "--defined-only", "--extern-only",
                      archive).splitlines() if line.count(" ") >= 2]
        self.assertGreater(len(names), 10)
        public = re.compile(r"libretto::(Client|Secret)::|libretto::NameOf\(")
        self.assertEqual([n for n in names if not public.match(n)], [])

    def test_headers_show_nothing_of_what_is_inside(self):
        headers = sorted((self.prefix / "include/libretto").glob("*.h"))
        self.assertEqual(len(headers), 3)
        for header in headers:
            for include in re.findall(r"#include (\S+)", header.read_text()):
                self.assertRegex(include, r'^(<\w+>|"libretto/\w+\.h")$')

    # The example.

    def test_the_example(self):
        stored = self.stored()
        example = self.built("examples/cpp") / "sign_in"
        done = self.world.run([example])
        self.assertEqual(done.err, "")
        self.assert_exit(0, done)
        self.assertEqual(done.out, "".join(
            f"{name}: {len(stored[name])} bytes\n" for name in sorted(stored)))

    def test_the_example_without_an_agent(self):
        done = self.world.run([self.built("examples/cpp") / "sign_in"])
        self.assert_exit(1, done)
        self.assertIn("UNAVAILABLE: no agent listens at", done.err)
        self.assertIn("try: librettoctl agent start", done.err)

    # Credentials.

    def test_names_are_folded_as_workflows_fold_them(self):
        stored = self.stored()
        self.assertEqual(
            self.driver().get(" Username\u00a0,PASSWORD,, username"), stored)

    def test_no_names_need_no_agent(self):
        self.assertEqual(self.driver().get(" , "), {})

    def test_a_value_arrives_as_it_is_stored(self):
        self.world.signed_up()
        value = "\ufeff ä=\"'\\\t\u2028€ \x1b"
        self.world.store("spelled", value)
        self.assertEqual(self.driver().get("spelled"), {"spelled": value})

    def test_a_missing_credential_is_named(self):
        self.stored()
        code, message, *_ = self.driver().get("username,missing,password")
        self.assertEqual(code, "NOT_FOUND")
        self.assertIn("missing", message)

    def test_an_impossible_name_is_refused(self):
        self.stored()
        self.assertEqual(self.driver().get("no/such:name")[0],
                         "INVALID_ARGUMENT")

    def test_nobody_is_logged_in(self):
        self.stored()
        self.world.must("cloud", "auth", "logout")
        code, _, remedy, *_ = self.driver().get("username")
        self.assertEqual(code, "UNAUTHENTICATED")
        self.assertEqual(remedy, "librettoctl cloud auth login")

    def test_an_absent_agent_is_told_from_an_absent_cloud(self):
        self.stored()
        driver = self.driver()
        self.world.must("agent", "stop")
        code, _, remedy, reason, _ = driver.get("username")
        self.assertEqual((code, reason), ("UNAVAILABLE", "agent_not_running"))
        self.assertEqual(remedy, "librettoctl agent start")
        self.world.must("agent", "start")
        self.world.stop_cloud()
        code, _, _, reason, _ = driver.get("username")
        self.assertEqual((code, reason), ("UNAVAILABLE", ""))

    def test_a_server_that_speaks_no_grpc(self):
        path = self.world.root / "other.sock"
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            driver = self.driver(LIBRETTO_AGENT_SOCK=str(path))
            driver.say("get username")
            peer, _ = other.accept()
            with peer:
                peer.sendall(b"SSH-2.0-other\r\n" * 9)
                code, _, _, reason, _ = driver.answer()
        self.assertEqual((code, reason), ("UNAVAILABLE", "agent_unreachable"))

    @unittest.skipUnless(os.geteuid() == 0, "two users need root")
    def test_another_users_server_hears_nothing(self):
        path = self.world.root / "foreign.sock"
        with socket.socket(socket.AF_UNIX) as foreign:
            # Who binds and listens is who serves, as the kernel sees it.
            foreign.bind(str(path))
            path.chmod(0o777)
            os.seteuid(65534)
            try:
                foreign.listen()
            finally:
                os.seteuid(0)
            driver = self.driver(LIBRETTO_AGENT_SOCK=str(path))
            driver.say("get username")
            peer, _ = foreign.accept()
            with peer:
                code, message, *_ = driver.answer()
                self.assertEqual(peer.recv(1), b"")
        self.assertEqual(code, "PERMISSION_DENIED")
        self.assertIn("65534", message)

    def test_the_lock_file_leads_to_the_agent(self):
        stored = self.stored()
        self.assertEqual(self.driver(XDG_RUNTIME_DIR=None).get("username"),
                         {"username": stored["username"]})

    def test_its_environment_says_on_whose_behalf_it_asks(self):
        self.stored()
        elsewhere = self.driver(LIBRETTO_PROFILE=" other ")
        self.assertEqual(elsewhere.get("username")[0], "UNAUTHENTICATED")

    def test_a_connection_that_the_agent_has_closed_is_made_anew(self):
        stored = self.stored()
        driver = self.driver()
        self.assertEqual(driver.get("username,password"), stored)
        self.world.must("agent", "stop")
        self.world.must("agent", "start")
        self.assertEqual(driver.get("username,password"), stored)

    def test_a_connection_is_kept_for_the_next_call(self):
        self.stored()
        driver = self.driver()
        sockets = []
        for _ in range(2):
            driver.get("username")
            fds = pathlib.Path(f"/proc/{driver.process.pid}/fd")
            sockets.append({os.readlink(fd) for fd in fds.iterdir()
                            if os.readlink(fd).startswith("socket:")})
        self.assertEqual(len(sockets[0]), 1)
        self.assertEqual(sockets[0], sockets[1])

    def test_a_stop_token_ends_a_call(self):
        self.stored()
        driver = self.driver()
        driver.get("username")
        agent = self.world.agent_pid()
        os.kill(agent, signal.SIGSTOP)
        self.addCleanup(os.kill, agent, signal.SIGCONT)
        begin = time.monotonic()
        driver.say("get_until_stopped username")
        driver.say()
        self.assertEqual(driver.answer()[0], "CANCELLED")
        self.assertLess(time.monotonic() - begin, 5)

    # Changes.

    def update(self, name):
        new = self.world.secret(f"the next value of {name}")
        self.world.must("cloud", "credentials", "update", name,
                        "--value-stdin", stdin=new)
        return new

    def test_a_watch_tells_what_is_and_what_changes(self):
        stored = self.stored()
        driver = self.driver()
        driver.say("watch Username,password,absent")
        first = {driver.hear() for _ in range(3)}
        self.assertEqual(first, {f"value username={stored['username']}",
                                 f"value password={stored['password']}",
                                 "gone absent"})
        self.assertEqual(f"value password={self.update('password')}",
                         driver.hear())
        self.world.must("cloud", "credentials", "delete", "username")
        self.assertEqual("gone username", driver.hear())
        driver.say()
        self.assertEqual("stopped", driver.hear())

    def test_a_watch_outlives_its_agent(self):
        stored = self.stored()
        driver = self.driver()
        driver.say("watch username")
        self.assertEqual(driver.hear(), f"value username={stored['username']}")
        self.world.must("agent", "stop")
        self.world.must("agent", "start")
        # What has not changed is not told again.
        new = self.update("username")
        self.assertEqual(driver.hear(), f"value username={new}")

    def test_a_watch_that_cannot_begin_says_why(self):
        driver = self.driver()
        driver.say("watch username")
        self.assertIn("|agent_not_running|", driver.hear())
        driver.say()
        self.world.start_cloud()
        self.world.must("agent", "start")
        driver.say("watch username")
        self.assertIn("error UNAUTHENTICATED|", driver.hear())

    def test_a_logout_ends_a_watch(self):
        self.stored()
        driver = self.driver()
        driver.say("watch username")
        driver.hear()
        self.world.must("cloud", "auth", "logout")
        self.assertIn("error UNAUTHENTICATED|", driver.hear())

    def test_what_a_callback_throws_is_thrown_on(self):
        self.stored()
        driver = self.driver()
        driver.say("watch_and_throw username,password")
        self.assertIn("value ", driver.hear())
        self.assertEqual(driver.hear(), "thrown enough")

    def test_a_callback_may_ask_for_credentials(self):
        stored = self.stored()
        driver = self.driver()
        line = f"value username={stored['username']}"
        driver.say("watch_and_get username")
        self.assertEqual([driver.hear() for _ in range(3)],
                         [line, line, "done"])
        driver.say()
        self.assertEqual(driver.hear(), "stopped")


if __name__ == "__main__":
    harness.main()
