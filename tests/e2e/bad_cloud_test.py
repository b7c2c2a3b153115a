"""A cloud that answers rubbish, slowly, or not at all, breaks nothing."""

import concurrent.futures
import json
import os
import socket
import threading
import time

import harness

LONG = bool(os.environ.get("LIBRETTO_LONG"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def reply(body, head=HEAD):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class StubCloud:
    """Gives the same answer to every request, whatever it asks."""

    def __init__(self, answer, then_wait_s=0.0):
        self.answer = answer
        self.then_wait_s = then_wait_s
        self.requests = []
        self.stopping = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(0.1)
        self.url = "http://127.0.0.1:%d" % self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        workers = []
        while not self.stopping.is_set():
            try:
                connection, _ = self.listening.accept()
            except TimeoutError:
                continue
            workers.append(threading.Thread(target=self.handle,
                                            args=(connection,)))
            workers[-1].start()
        for worker in workers:
            worker.join()

    def handle(self, connection):
        with connection:
            connection.settimeout(2)
            try:
                self.requests.append(connection.recv(65536))
                connection.sendall(self.answer)
                self.stopping.wait(self.then_wait_s)
            except OSError:
                pass  # the agent may hang up whenever it has had enough

    def close(self):
        self.stopping.set()
        self.thread.join()
        self.listening.close()


ANSWERS = {
    "nothing": b"",
    "garbage": b"\x00\xff\x16\x03\x01garbage\r\n\r\n",
    "no HTTP": b"220 smtp.example.test ESMTP\r\n",
    "HTML": reply(b"<!doctype html><title>Welcome</title>",
                  b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"),
    "an HTML error": reply(b"<h1>502</h1>", b"HTTP/1.1 502 Bad Gateway\r\n"),
    "an empty body": reply(b""),
    "null": reply(b"null"),
    "the wrong types": reply(b'{"json":{"credentials":7,"id":[],"value":{}},'
                             b'"id":7,"key":null}'),
    "a truncated body": HEAD + b'Content-Length: 500\r\n\r\n{"key":"abc',
    "a truncated header": b"HTTP/1.1 200 O",
    "deep brackets": reply(b"[" * 100_000),
    "invalid UTF-8": reply(b'{"key":"\xff\xfe","id":"\xc0"}'),
    "a key twice": reply(b'{"key":"a","key":"b","id":"1"}'),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                   b"Content-Length: 0\r\n\r\n"),
    "a false length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "an endless header": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    "a huge body": reply(b'"' + b"x" * 3_000_000 + b'"'),
}


class BadCloudTest(harness.E2eTest):

    def signed_in_at(self, cloud, world=None):
        """A session that this cloud is said to have given."""
        world = world or self.world
        self.addCleanup(cloud.close)
        world.api_url = cloud.url
        world.state.mkdir(mode=0o700, exist_ok=True)
        self.session = json.dumps({
            "apiUrl": cloud.url,
            "session": {"cookie": self.cookie, "userId": "u",
                        "email": world.email, "expiresAt": None}})
        world.auth_file.write_text(self.session)
        world.auth_file.chmod(0o600)

    def setUp(self):
        super().setUp()
        self.cookie = ("better-auth.session_token="
                       + self.world.secret("session cookie", 32))

    def test_rubbish_is_an_error_and_loses_nothing(self):
        for name, answer in ANSWERS.items():
            with self.subTest(name):
                self.signed_in_at(StubCloud(answer))
                result = self.world.ctl("read", "username")
                self.assert_explained(result)
                self.assertIn(result.code, (1, 6), result.err)
                self.assertLess(result.seconds, 12 * harness.PATIENCE)
                self.assertNotIn(self.cookie, result.err)
                # Still there, and still answering.
                self.assertEqual(self.world.status()["email"],
                                 self.world.email)
                self.assertEqual(self.world.auth_file.read_text(),
                                 self.session)
                self.world.must("agent", "stop")

    def test_twenty_redirects_are_not_followed(self):
        """Five statuses, four kinds of place."""
        elsewhere = StubCloud(reply(b"{}"))
        self.addCleanup(elsewhere.close)
        cloud = StubCloud(b"")
        self.signed_in_at(cloud)
        host = elsewhere.url.removeprefix("http://")
        places = (elsewhere.url + "/v1/credentials/get", f"//{host}/",
                  f"http://127.0.0.1@{host}/", "/once/more")
        for status in (301, 302, 303, 307, 308):
            for place in places:
                with self.subTest(f"{status} {place}"):
                    cloud.answer = (
                        b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n"
                        b"Content-Length: 0\r\n\r\n"
                        % (status, place.encode()))
                    self.assert_explained(self.world.ctl("read", "username"))
        self.assertEqual(elsewhere.requests, [])
        self.assertTrue(cloud.requests)
        for request in cloud.requests:
            self.assertNotIn(b"/once/more", request)

    def test_an_endless_answer_is_cut_and_forgotten(self):
        endless = StubCloud(HEAD + b"Connection: close\r\n\r\n" + b'"'
                            + b"x" * (64 << 20))
        self.signed_in_at(endless)
        self.world.must("agent", "start")
        before = self.world.status()["resident_bytes"]
        result = self.world.ctl("read", "username")
        self.assert_explained(result)
        self.assertLess(result.seconds, 1 if LONG else 10 * harness.PATIENCE)
        if not harness.SANITIZED:
            grown = self.world.status()["resident_bytes"] - before
            self.assertLess(grown, 4 << 20)

    def test_a_slow_cloud_has_ten_seconds(self):
        """Three kinds of slow, waited for at the same time."""
        answers = (b"", b"HTTP/1.1 200 OK\r\n",
                   HEAD + b"Content-Length: 9\r\n\r\n")
        worlds = [self.world]
        for _ in answers[1:]:
            worlds.append(harness.World())
            self.addCleanup(worlds[-1].close)
        for world, answer in zip(worlds, answers):
            self.signed_in_at(StubCloud(answer, then_wait_s=60), world)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            results = pool.map(lambda world: world.ctl("read", "username"),
                               worlds)
        for result in results:
            self.assert_explained(result)
            self.assert_exit(6, result)
            self.assertLess(result.seconds, 12 * harness.PATIENCE)

    def test_an_agent_stops_at_once_while_the_cloud_is_silent(self):
        self.signed_in_at(StubCloud(b"", then_wait_s=60))
        self.world.must("agent", "start")
        pid = self.world.agent_pid()
        begin = time.monotonic()
        self.world.must("agent", "stop")
        self.assertLess(time.monotonic() - begin, 6 * harness.PATIENCE)
        harness.wait_for(lambda: not harness.exists(pid), "the agent to end")


if __name__ == "__main__":
    harness.main()
