"""The audit log has a record of who asked for what, and what came of it; it
has no secret."""

import json
import os
import signal
import socket
import stat
import subprocess

import audit_format
import harness

CTL = str(harness.BIN / "librettoctl")


class AuditShowsWhoReadTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.log = audit_format.AuditLog(self.world)

    def pid_of(self, *arguments, code=0, **more):
        """Runs librettoctl; the process that it was."""
        command = subprocess.Popen(
            [CTL, *arguments], env=self.world.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, **more)
        self.assertEqual(command.wait(harness.COMMAND_LIMIT_S), code)
        return command.pid

    def last(self, **where):
        """The last record that says that."""
        return [record for record in self.log.records()
                if where.items() <= record.items()][-1]

    def verify(self):
        self.world.must("audit", "verify")

    def test_a_read_says_which_process_it_was(self):
        self.world.store("username")
        pid = self.pid_of("read", "libretto://username")
        record = self.last(verb="Credentials.Get")
        self.assertEqual((record["name"], record["outcome"], record["pid"],
                          record["uid"], record["process"]),
                         ("username", "ok", pid, os.getuid(), "librettoctl"))
        self.assertGreater(record["started"], 0)
        # The kernel tells the path to an agent that is not confined.
        self.assertEqual(record.get("executable", CTL), CTL)
        self.assertRegex(record["time"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_a_read_through_a_scope_says_through_which(self):
        self.world.store("username")
        socket_path = self.world.must("scope", "create", "--name", "ci",
                                      "--allow", "username").strip()
        self.world.must("read", "username", env=self.world.environment(
            LIBRETTO_AGENT_SOCK=socket_path))
        self.assertEqual(self.last(verb="Credentials.Get")["scope"], "ci")
        self.world.must("read", "username")
        self.assertNotIn("scope", self.last(verb="Credentials.Get"))

    def test_the_process_is_the_one_that_started_then(self):
        self.world.store("username")
        # `run` replaces itself with its command, so pid and start are the same.
        shell = subprocess.Popen(
            [CTL, "run", "--credential", "username", "--", "/bin/sh", "-c",
             "cat /proc/$$/stat; exec cat"], env=self.world.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        fields = shell.communicate("")[0].rpartition(")")[2].split()
        record = self.last(verb="Credentials.Get", name="username")
        self.assertEqual((record["pid"], record["started"]),
                         (shell.pid, int(fields[19])))

    def test_everything_is_there(self):
        world = self.world
        world.store("username")
        world.must("cloud", "credentials", "list")
        world.must("cloud", "credentials", "update", "username",
                   "--value-stdin", stdin=world.secret("changed value"))
        key = json.loads(world.must("cloud", "auth", "api-key", "issue",
                                    "--label", "ci", "--json"))
        world.must("cloud", "auth", "api-key", "revoke", key["id"])
        self.pid_of("run", "--credential", "username", "--", "true")
        self.pid_of("read", "missing", code=5)
        world.must("cloud", "credentials", "delete", "username")
        world.must("cloud", "auth", "logout")
        self.pid_of("read", "username", code=4)
        world.log_in()
        world.must("agent", "stop")
        verbs = self.log.verbs(outcome="ok")
        for verb in ("Agent.Started", "Accounts.SignUp", "LeasedKey.Minted",
                     "Credentials.Create", "Credentials.List",
                     "Credentials.Update", "Credentials.Get",
                     "Accounts.IssueApiKey", "Accounts.RevokeApiKey",
                     "Credentials.Delete", "Accounts.Logout",
                     "LeasedKey.Revoked", "Accounts.Login", "Agent.Stop",
                     "Agent.Stopped"):
            self.assertIn(verb, verbs)
        self.assertEqual(self.last(name="missing")["reason"], "not_found")
        self.assertEqual(self.last(name="missing")["outcome"], "failed")
        refused = self.last(verb="Credentials.Get", outcome="refused")
        self.assertEqual(refused["reason"], "not_signed_in")
        self.assertNotIn("Agent.Status", verbs)
        self.verify()
        self.log.check()

    def test_each_value_that_a_watch_delivers_is_a_read(self):
        self.world.store("username", "first value")
        command = subprocess.Popen(
            [CTL, "run", "--on-change", "restart", "--credential", "username",
             "--", "/bin/sh", "-c", "echo $LIBRETTO_CLOUD_USERNAME; exec cat"],
            env=self.world.environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.assertEqual(command.stdout.readline(), "first value\n")

        def deliveries():
            return self.log.verbs(name="username").count("Credentials.Watch")

        harness.wait_for(lambda: deliveries() >= 1, "the first delivery")
        before = deliveries()
        self.world.must("cloud", "credentials", "update", "username",
                        "--value-stdin", stdin="second value")
        self.assertEqual(command.stdout.readline(), "second value\n")
        self.assertEqual(deliveries(), before + 1)
        record = self.last(verb="Credentials.Watch", name="username")
        self.assertEqual(record["process"], "librettoctl")
        command.kill()
        command.communicate()

    def test_no_secret_is_in_it(self):
        world = self.world
        world.store("username")
        for name in ("username", "nobody"):
            world.ctl("read", name)
        # A value in the place of a name is no name.
        pasted = world.secret("value pasted as a name") + " and more"
        world.ctl("read", pasted)
        world.ctl("explain", pasted)
        world.ctl("cloud", "auth", "login", "--email", world.email,
                  "--password-stdin", stdin=world.secret("wrong password"))
        world.secrets["session cookie"] = world.cookie()
        world.secrets["audit key"] = self.log.key_file.read_text().strip()
        text = "".join(file.read_text() for file in self.log.files())
        self.assertIn("username", text)
        text += world.log_file.read_text()
        for what, secret in world.secrets.items():
            self.assertNotIn(secret, text, what)
            self.assertNotIn(secret.encode().hex(), text, what)

    def test_who_and_tail(self):
        self.world.store("username")
        for _ in range(3):
            pid = self.pid_of("read", "username")
        uses = json.loads(self.world.must("audit", "who", "Username", "--json"))
        self.assertEqual(uses["name"], "username")
        reads = [use for use in uses["uses"]
                 if use["verb"] == "Credentials.Get"]
        self.assertEqual([(use["times"], use["pid"], use["process"])
                          for use in reads], [(3, pid, "librettoctl")])
        self.assertIn("librettoctl, process", self.world.must(
            "audit", "who", "libretto://username"))
        self.assertIn("nothing about", self.world.must("audit", "who", "other"))
        tail = self.world.must("audit", "tail", "-n", "1").splitlines()
        self.assertEqual(len(tail), 1)
        self.assertIn("Credentials.Get username  ok  librettoctl", tail[0])
        raw = self.world.must("audit", "tail", "-n", "2", "--json")
        self.assertEqual([json.loads(line) for line in raw.splitlines()],
                         self.log.records()[-2:])

    def test_follow_goes_on_over_a_rotation(self):
        follower = subprocess.Popen(
            [CTL, "audit", "tail", "-n", "0", "--follow", "--json"],
            env=self.world.environment(), stdout=subprocess.PIPE, text=True)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        # Until it has begun, what is written may not be for it.
        seen = []
        while not seen:
            self.world.ctl("read", "before")
            os.set_blocking(follower.stdout.fileno(), False)
            seen = follower.stdout.readlines()
        os.set_blocking(follower.stdout.fileno(), True)
        for name in ("one", "two"):
            self.world.ctl("read", name)
            if name == "one":
                os.rename(self.log.file, f"{self.log.file}.1")
                harness.wait_for(self.a_new_file, "the agent to notice")
            line = ""
            while f'"name":"{name}"' not in line:
                line = follower.stdout.readline()

    def a_new_file(self):
        self.world.ctl("read", "other")
        return self.log.file.exists()

    def test_no_record_is_lost_when_the_agent_is_killed(self):
        self.world.store("username")
        self.world.read("username")
        os.kill(self.world.agent_pid(), signal.SIGKILL)
        self.assertEqual(self.log.verbs()[-1], "Credentials.Get")
        self.verify()
        self.world.ctl("read", "username")
        self.verify()

    def test_what_cannot_be_written_is_counted_and_reads_go_on(self):
        self.world.store("username")
        self.log.file.rename(self.log.file.with_suffix(".away"))
        self.log.file.mkdir()

        def status():
            self.world.read("username")
            return self.world.status()

        harness.wait_for(lambda: status()["audit_problem"], "a problem")
        lost = self.world.status()["audit_lost"]
        self.assertGreater(lost, 0)
        self.assertIn("audit.jsonl", self.world.status()["audit_problem"])
        self.assertIn("lost", self.world.must("agent", "status"))
        self.assertIn("audit log is not being written",
                      self.world.log_file.read_text())
        self.log.file.rmdir()
        self.log.file.with_suffix(".away").rename(self.log.file)
        self.world.read("username")
        self.assertIsNone(self.world.status()["audit_problem"])
        record = self.last(verb="Audit.Lost")
        self.assertGreaterEqual(record.get("count", 1), lost)
        self.verify()

    def test_it_is_for_its_owner_alone(self):
        for path in (self.log.file, self.log.key_file, self.log.head_file):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        self.assertEqual(
            stat.S_IMODE(self.log.file.parent.stat().st_mode) & 0o022, 0)

    def test_another_user_is_one_record_a_second(self):
        if os.geteuid() != 0:
            self.skipTest("two users need root")
        for path in (self.world.root, self.world.runtime,
                     self.world.socket.parent, self.world.socket):
            path.chmod(0o777)
        child = os.fork()
        if child == 0:
            try:
                os.setresuid(65534, 65534, 65534)
                for _ in range(300):
                    with socket.socket(socket.AF_UNIX) as stranger:
                        stranger.connect(str(self.world.socket))
            finally:
                os._exit(0)
        os.waitpid(child, 0)

        def refused():
            return [record for record in self.log.records()
                    if record["verb"] == "Connection"]

        harness.wait_for(
            lambda: sum(record.get("count", 1) for record in refused()) == 300,
            "all of them to be in the log")
        self.assertEqual({record["uid"] for record in refused()}, {65534})
        self.assertEqual({record["reason"] for record in refused()},
                         {"another_user"})
        self.assertLess(len(refused()), 100)


if __name__ == "__main__":
    harness.main()
