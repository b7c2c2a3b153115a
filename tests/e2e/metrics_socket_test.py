"""The metrics page: what `agent status` tells, for Prometheus, on a socket of
its own that no other user reaches."""

import os
import re
import socket
import stat
import subprocess
import unittest

import harness
import scripted_cloud


class MetricsSocketTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.path = self.world.runtime / "libretto" / "metrics.sock"
        self.cloud = scripted_cloud.sign_in(
            self, metrics_socket=str(self.path))
        self.secret = self.world.secret("username")
        self.cloud.set("username", self.secret)
        self.world.must("agent", "start")

    def ask(self, request=b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"):
        """All that comes until the agent hangs up."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10 * harness.PATIENCE)
            connection.connect(str(self.path))
            connection.sendall(request)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer.decode()

    def metrics(self):
        head, _, body = self.ask().partition("\r\n\r\n")
        self.assertTrue(head.startswith("HTTP/1.0 200 OK\r\n"), head)
        self.assertIn("Content-Type: text/plain; version=0.0.4", head)
        self.assertIn(f"Content-Length: {len(body)}", head)
        samples = {}
        for line in body.splitlines():
            if line.startswith("#"):
                self.assertRegex(line, r"^# (HELP|TYPE) libretto_agent_\w+ .+")
                continue
            found = re.fullmatch(
                r"(libretto_agent_\w+)(?:\{(\w+=\"[^\"]*\")\})? (-?\d+)", line)
            self.assertTrue(found, line)
            samples[found[1].removeprefix("libretto_agent_")] = int(found[3])
        return body, samples

    def test_it_tells_what_status_tells(self):
        self.world.read("username")
        self.world.read("username")
        body, samples = self.metrics()
        status = self.world.status()
        self.assertEqual(samples["info"], 1)
        self.assertIn('credentials{profile="default"} 1', body)
        for metric, field in (("credentials", "credentials"),
                              ("cached_values", "cached"),
                              ("cached_bytes", "cached_bytes"),
                              ("cached_bytes_limit", "max_cached_bytes"),
                              ("reads_from_memory_total", "hits"),
                              ("reads_from_cloud_total", "misses"),
                              ("last_sync_timestamp_seconds",
                               "last_sync_unix_s"),
                              ("offline_since_timestamp_seconds",
                               "offline_since_unix_s")):
            self.assertEqual(samples[metric], status[field], metric)
        self.assertGreater(samples["resident_memory_bytes"], 1 << 20)
        self.assertNotIn(self.secret, body)
        self.assertNotIn("username", body)
        self.assertNotIn(self.world.email, body)

    def test_it_tells_of_a_cloud_that_is_away(self):
        self.world.read("username")
        self.cloud.away = True
        self.assert_exit(6, self.world.ctl("read", "password"))
        _, samples = self.metrics()
        self.assertGreater(samples["offline_since_timestamp_seconds"], 0)
        self.assertGreater(samples["cloud_retry_timestamp_seconds"], 0)
        self.assertEqual(samples["cloud_asks_to_wait"], 0)

    def test_what_is_no_get_of_the_page_is_refused(self):
        for request, status in (
                (b"POST /metrics HTTP/1.0\r\n\r\n", "405"),
                (b"GET /other HTTP/1.0\r\n\r\n", "404"),
                (b"nonsense\r\n\r\n", "400"),
                (b"GET /metrics HTTP/1.0\r\n" + b"X: y\r\n" * 2000, "400")):
            with self.subTest(status):
                try:
                    answer = self.ask(request)
                except ConnectionError:
                    self.assertEqual(status, "400")
                    continue
                self.assertTrue(answer.startswith(f"HTTP/1.0 {status} "),
                                answer)
        self.metrics()

    def test_who_says_nothing_is_not_waited_for(self):
        silent = [socket.socket(socket.AF_UNIX) for _ in range(20)]
        for connection in silent:
            self.addCleanup(connection.close)
            connection.connect(str(self.path))
        # Three seconds each, eight at a time.
        with self.subTest("others get their turn"):
            self.metrics()

    def test_the_socket_is_the_users_alone_and_goes_with_the_agent(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.world.must("agent", "stop")
        self.assertFalse(self.path.exists())

    @unittest.skipUnless(os.geteuid() == 0, "another user is needed: run as "
                         "root")
    def test_another_user_is_not_answered(self):
        # Even where the folders would let them in.
        for folder in (self.world.root, self.world.runtime,
                       self.path.parent):
            folder.chmod(0o755)
        self.path.chmod(0o666)
        script = ("import socket,sys; s=socket.socket(socket.AF_UNIX); "
                  "s.settimeout(10); s.connect(sys.argv[1]); "
                  "s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); "
                  "print(len(s.recv(100)))")
        done = subprocess.run(
            ["/usr/bin/python3", "-c", script, self.path], user=65534,
            group=65534, extra_groups=[], capture_output=True, text=True,
            check=False, timeout=30, cwd="/")
        self.assertNotIn("HTTP", done.stdout)
        self.assertTrue(done.stdout.strip() == "0" or done.returncode != 0,
                        done)
        self.metrics()

    def test_a_flag_goes_before_the_setting(self):
        self.world.must("agent", "stop")
        other = self.world.runtime / "libretto" / "other.sock"
        with subprocess.Popen(
                [harness.BIN / "libretto-agent", "serve", "--metrics-socket",
                 other], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=self.world.environment(), cwd="/") as agent:
            harness.wait_for(other.exists, "the other socket", alive=agent)
            self.assertFalse(self.path.exists())
            self.path = other
            self.metrics()
            agent.terminate()


if __name__ == "__main__":
    harness.main()
