"""The running agent is confined: no core, no tracing, nothing executable that
is writable, few system calls, few files; and says so."""

import json
import os
import pathlib
import re
import socket
import subprocess
import unittest

import harness
import serving

NOBODY = 65534


@unittest.skipIf(harness.SANITIZED, "a sanitizer traces its own process")
class ConfinedTest(harness.E2eTest):

    def test_the_status_says_what_holds(self):
        self.world.must("agent", "start")
        status = self.world.status()
        self.assertTrue(status["system_calls_filtered"])
        self.assertEqual(status["landlock_abi"], serving.landlock_abi())
        self.assertEqual(status["not_confined_because"] is None,
                         serving.landlock_abi() >= 4)
        self.assertIn(status["key_memory"], ("memfd_secret", "mlock"))
        said = self.world.must("agent", "status")
        self.assertRegex(said, r"sandbox +system calls filtered")
        self.assertRegex(said, r"keys +in .*memory.*shielded")

    def test_the_process_is_locked_down(self):
        self.world.must("agent", "start")
        pid = self.world.agent_pid()
        status = serving.status_of(pid)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")
        self.assertEqual(int(status["CapAmb"], 16), 0)
        with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
            self.assertRegex(limits.read(), r"Max core file size +0 +0 ")

    @unittest.skipUnless(os.geteuid() == 0, "needs to see and be another user")
    def test_as_a_user_like_any_other(self):
        serving.give_to(self.world, NOBODY)
        agent = serving.Served(self.world, user=NOBODY).until_ready()
        self.addCleanup(agent.stop)
        status = serving.status_of(agent.pid)
        self.assertEqual(int(status["CapEff"], 16), 0)
        self.assertEqual(int(status["CapPrm"], 16), 0)
        with open(f"/proc/{agent.pid}/maps", encoding="ascii") as maps:
            self.assertNotRegex(maps.read(), r" .wx[ps] ")
        self.assertEqual(self.listening_tcp(agent.pid), [])
        # The same user looks into it: none of eight ways works.
        self.assertEqual(self.looking_into(agent.pid), set())

    def looking_into(self, pid):
        """What works of it, as the user that the process has."""
        script = pathlib.Path(__file__).resolve().parent / "look_into.py"
        done = subprocess.run(
            ["/usr/bin/python3", "-", str(pid)], input=script.read_text(),
            user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True,
            text=True, check=True, timeout=harness.COMMAND_LIMIT_S)
        return set(done.stdout.split())

    @unittest.skipUnless(os.geteuid() == 0, "needs to be another user")
    def test_looking_works_where_nothing_forbids_it(self):
        with subprocess.Popen(["/usr/bin/sleep", "60"], user=NOBODY,
                              group=NOBODY, extra_groups=[]) as sleeper:
            self.addCleanup(sleeper.kill)
            worked = self.looking_into(sleeper.pid)
            sleeper.kill()
        self.assertGreaterEqual(worked, {"mem", "environ", "maps", "fd", "exe",
                                         "process_vm_readv"})

    def listening_tcp(self, pid):
        inodes = set()
        for name in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            inodes.update(re.findall(r"socket:\[(\d+)\]", target))
        listening = []
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
                for line in list(file)[1:]:
                    fields = line.split()
                    if fields[3] == "0A" and fields[9] in inodes:
                        listening.append(fields[1])
        return listening

    def test_it_works_with_its_ports_named(self):
        self.world.start_cloud()
        port = int(self.world.api_url.rpartition(":")[2])
        self.settings(f"cloud_ports = [443, {port}]")
        self.world.must("agent", "start")
        self.world.sign_up()
        value = self.world.store("username")
        self.assertEqual(self.world.read("username"), value)
        if serving.landlock_abi() >= 4:
            self.assertEqual(self.world.status()["cloud_ports"], [443, port])

    @unittest.skipIf(serving.landlock_abi() < 4, "this kernel confines no ports")
    def test_other_ports_are_out_of_reach(self):
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            elsewhere.setblocking(False)
            self.settings("cloud_ports = [443]")
            self.world.api_url = "http://127.0.0.1:%d" % (
                elsewhere.getsockname()[1])
            result = self.world.ctl(
                "cloud", "auth", "login", "--email", self.world.email,
                "--password-stdin", stdin=self.world.password)
            self.assert_exit(6, result)
            with self.assertRaises(BlockingIOError):
                elsewhere.accept()

    def settings(self, text):
        file = self.world.home / ".config/libretto/agent.toml"
        file.parent.mkdir(parents=True)
        file.write_text(text + "\n")

    def test_https_works_as_far_as_the_certificate_is_good(self):
        certificate = self.world.root / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
             "/CN=localhost", "-keyout", certificate, "-out",
             self.world.root / "crt.pem"],
            check=True, capture_output=True)
        certificate.write_text(certificate.read_text() +
                               (self.world.root / "crt.pem").read_text())
        with subprocess.Popen(
                ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                 str(certificate), "-www"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True) as tls:
            self.addCleanup(tls.kill)
            for line in tls.stdout:
                accepting = re.match(r"ACCEPT \S*:(\d+)", line)
                if accepting:
                    break
            self.world.api_url = f"https://localhost:{accepting[1]}"
            result = self.world.ctl(
                "cloud", "auth", "login", "--email", self.world.email,
                "--password-stdin", stdin=self.world.password)
            tls.kill()
        # The name was resolved, the system's certificates were read, and this
        # one is not among them.
        self.assert_exit(6, result)
        self.assertIn("self-signed certificate", result.err)

    def test_the_log_says_so(self):
        self.world.must("agent", "start")
        self.assertRegex(self.world.log_file.read_text(),
                         r"hardened keys=\w+ system_calls=true landlock_abi=")
        self.assertTrue(json.loads(self.world.must(
            "agent", "status", "--json"))["system_calls_filtered"])


if __name__ == "__main__":
    harness.main()
