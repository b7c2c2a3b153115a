"""A second after serving, no copy of a value is in the agent's memory.

Nor of the password after a login. Read as root through /proc/PID/mem, which is
closed to everybody else.
"""

import base64
import functools
import json
import os
import pathlib
import re
import secrets as random_secrets
import shutil
import subprocess
import time
import unittest

import harness
import tls_world

FRAGMENT = 12  # bytes of a value in a row that count as a copy
STRIDE = 4
# Of any FRAGMENT bytes, this many begin at a multiple of STRIDE.
PROBE = FRAGMENT - STRIDE + 1
# What values, and their spellings, are made of.
RUN = re.compile(rb"[A-Za-z0-9+/@.\"\\]{%d,}" % FRAGMENT)
# How long FRAGMENT bytes are, spelled as they are, in base64, in hex. Half of
# the last would match the table by which libraries print two digits at once.
LENGTHS = (FRAGMENT, FRAGMENT * 4 // 3, FRAGMENT * 2)


def memory_of(pid):
    """Every readable mapping, one after the other."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S+ ", line)
            if not match or "[vvar]" in line or "[vsyscall]" in line:
                continue
            begin, end = (int(text, 16) for text in match.groups())
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except (OSError, OverflowError):
                continue  # guard pages, and pages that are secret even to root


def spellings(secret):
    """What a copy of `secret` may look like: (text, length of a fragment)."""
    plain, in_base64, in_hex = LENGTHS
    raw = secret.encode()
    yield raw, plain
    yield json.dumps(secret)[1:-1].encode(), plain
    yield raw.hex().encode(), in_hex
    yield raw.hex().upper().encode(), in_hex
    # Three offsets: base64 depends on where the secret lies in what is encoded.
    for shift in range(3):
        yield base64.b64encode(bytes(shift) + raw)[4:-4], in_base64


@functools.lru_cache(maxsize=2)
def fragments(secrets):
    """Of all spellings: whose each is, and what tells that it may be one."""
    owners = {text[start:start + length]: what
              for what, secret in secrets
              for text, length in spellings(secret)
              for start in range(len(text) - length + 1)}
    probes = {fragment[start:start + PROBE]
              for fragment in owners for start in range(STRIDE)}
    return owners, probes


def copies(pid, secrets):
    """Which of `secrets` have a fragment in the memory of `pid`."""
    owners, probes = fragments(tuple(sorted(secrets.items())))
    found = set()
    for block in memory_of(pid):
        for match in RUN.finditer(block):
            run = match.group()
            for at in range(0, len(run) - PROBE + 1, STRIDE):
                if run[at:at + PROBE] not in probes:
                    continue
                for start in range(max(0, at - STRIDE + 1), at + 1):
                    for length in LENGTHS:
                        what = owners.get(run[start:start + length])
                        if what:
                            found.add(what)
    return found


class MemoryCase(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.values = {f"value of {size} bytes":
                       self.world.secret(f"v{size}", size)
                       for size in (16, 44, 1024, 65_536)}
        # In JSON it is spelled differently from its first bytes on.
        self.values["value to be escaped"] = "".join(
            c + random_secrets.choice('"\\') for c in
            random_secrets.token_hex(300))
        for number, value in enumerate(self.values.values()):
            self.world.store(f"name_{number}", value)
        # What it wrote is not what it reads: a fresh agent.
        self.world.must("agent", "stop")

    def assert_nothing_left(self, pid=None):
        pid = pid or self.world.agent_pid()
        # The promise is about what stays, not about the moment of serving.
        time.sleep(1)
        self.assertEqual(copies(pid, self.values), set())

    def read_all(self):
        for number, value in enumerate(self.values.values()):
            self.assertEqual(self.world.read(f"name_{number}"), value)


@unittest.skipUnless(os.geteuid() == 0, "reading the agent's memory needs root")
@unittest.skipIf(harness.SANITIZED, "a sanitizer keeps what is freed")
class MemoryKeepsNothingTest(MemoryCase):

    def test_the_scan_finds_what_is_there(self):
        # This process holds the values.
        self.assertEqual(copies(os.getpid(), self.values), set(self.values))
        # The agent holds the account's address, which is no secret.
        self.world.must("cloud", "auth", "whoami")
        found = copies(self.world.agent_pid(), {"email": self.world.email})
        self.assertEqual(found, {"email"})

    def test_after_fetching_and_serving(self):
        self.read_all()
        self.assert_nothing_left()

    def test_after_serving_from_memory_many_times(self):
        for _ in range(200):
            self.read_all()
        self.assert_nothing_left()

    def test_after_serving_many_at_once(self):
        self.world.must("agent", "sync")
        readers = [subprocess.Popen(
            [harness.BIN / "librettoctl", "read", f"name_{number % 5}"],
            env=self.world.environment(), stdout=subprocess.DEVNULL)
            for number in range(20)]
        self.assertEqual([reader.wait() for reader in readers], [0] * 20)
        self.assert_nothing_left()

    def test_after_a_logout(self):
        self.read_all()
        self.values["session cookie"] = self.world.cookie().split("=", 1)[1]
        self.world.must("cloud", "auth", "logout")
        self.assert_nothing_left()

    def test_after_requests_in_vain(self):
        self.read_all()
        self.world.stop_cloud()
        self.assertEqual(self.world.ctl("read", "name_0", "--fresh",
                                        "--max-age", "0").code, 6)
        self.values["value that is not stored"] = self.world.secret("vain")
        self.assertEqual(self.world.ctl(
            "cloud", "credentials", "update", "name_1", "--value-stdin",
            stdin=self.values["value that is not stored"]).code, 6)
        self.assert_nothing_left()

    def test_after_a_sync(self):
        self.world.must("agent", "sync")
        self.assert_nothing_left()

    def test_after_storing(self):
        self.world.must("agent", "start")
        value = self.world.store("another")
        self.values = {"stored value": value}
        self.assert_nothing_left()

    def test_after_run(self):
        self.world.must("run", "--credential", "name_0", "--", "true")
        self.assert_nothing_left()

    def test_the_password_after_a_login(self):
        self.world.log_in()
        self.values = {"password": self.world.password}
        self.assert_nothing_left()

    def enrolled_and_read(self):
        """With what a lock has to take away on the way: the cookie, the key."""
        self.read_all()
        self.values["session cookie"] = self.world.cookie().split("=", 1)[1]
        self.values["API key"] = self.world.must(
            "run", "--cloud-key", "--", "/bin/sh", "-c",
            'printf %s "$LIBRETTO_API_KEY"')
        self.values["passphrase"] = self.world.passphrase
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        held = copies(self.world.agent_pid(), self.values)
        self.assertIn("session cookie", held)
        self.assertIn("API key", held)

    def test_after_a_lock_at_once(self):
        self.enrolled_and_read()
        pid = self.world.agent_pid()
        self.world.must("agent", "lock")
        # The key has two seconds to revoke itself.
        key = self.values.pop("API key")
        self.assertEqual(copies(pid, self.values), set())
        harness.wait_for(lambda: not copies(pid, {"API key": key}),
                         "the API key to leave the memory", seconds=3)

    def test_after_a_lock_with_the_cloud_away(self):
        self.enrolled_and_read()
        self.world.stop_cloud()
        self.world.must("agent", "lock")
        time.sleep(2)
        self.assertEqual(copies(self.world.agent_pid(), self.values), set())

    def test_after_an_unlock_with_a_wrong_passphrase(self):
        self.enrolled_and_read()
        self.world.must("agent", "lock")
        self.values["wrong passphrase"] = self.world.secret("wrong passphrase")
        self.world.unlock(self.values["wrong passphrase"])
        self.assert_nothing_left()

    def test_the_passphrase_after_an_unlock(self):
        self.enrolled_and_read()
        self.world.must("agent", "lock")
        self.assertEqual(self.world.unlock().code, 0)
        self.values = {"passphrase": self.world.passphrase}
        self.assert_nothing_left()

    def test_after_a_panic(self):
        self.enrolled_and_read()
        self.world.must("agent", "panic")
        self.assert_nothing_left()

    def test_after_forgetting(self):
        self.read_all()
        self.values["session cookie"] = self.world.cookie().split("=", 1)[1]
        pid = self.world.agent_pid()
        self.world.must("agent", "forget")
        # Asking for the status would have it load the session again.
        self.assert_nothing_left(pid)

    def test_the_cloud_keeps_none_either(self):
        self.read_all()
        time.sleep(1)
        secrets = dict(self.values, password=self.world.password)
        self.assertEqual(copies(self.world.cloud.process.pid, secrets), set())


@unittest.skipUnless(os.geteuid() == 0, "reading the agent's memory needs root")
@unittest.skipUnless(shutil.which("node"), "node is not installed")
@unittest.skipIf(harness.SANITIZED, "a sanitizer keeps what is freed")
class OverTlsTest(MemoryCase):
    """As from a cloud on the network."""

    def through(self, version):
        """Signs in anew, at a TLS server in front of the cloud."""
        authority = tls_world.Authority(self.world.root, "ca")
        key, cert = self.world.root / "tls.key", self.world.root / "tls.pem"
        tls_world.make_key(key)
        authority.sign(tls_world.HOST, key, cert, tls_world.GOOD)
        settings = self.world.home / ".config/libretto/agent.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f'ca_file = "{authority.cert}"\n')
        script = pathlib.Path(__file__).resolve().with_name("tls_front.mjs")
        # pylint: disable-next=consider-using-with
        front = subprocess.Popen(
            ["node", script, version, cert, key, self.world.api_url],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(front.stdout.close)
        self.addCleanup(front.wait)
        self.addCleanup(front.kill)
        port = int(front.stdout.readline())
        self.world.api_url = f"https://{tls_world.HOST}:{port}"
        self.world.log_in()
        self.world.must("agent", "stop")
        return front

    def assert_nothing_left_over(self, version, spoken):
        front = self.through(version)
        self.read_all()
        self.assert_nothing_left()
        self.world.must("agent", "stop")
        # All at once.
        self.world.must("agent", "sync")
        self.assert_nothing_left()
        self.values["session cookie"] = self.world.cookie().split("=", 1)[1]
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        self.world.must("agent", "lock")
        self.assert_nothing_left()
        front.kill()
        self.assertEqual(set(front.stdout.read().split()), {spoken})

    def test_http_1(self):
        self.assert_nothing_left_over("http1", "1.1")

    def test_http_2(self):
        self.assert_nothing_left_over("http2", "2.0")


if __name__ == "__main__":
    harness.main()
