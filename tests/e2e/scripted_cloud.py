"""A cloud that a test holds in its hands: slow, away, limiting, or lying.

It speaks as much of the contract as the agent's cache needs, counts what it is
asked, and does to each request what the test has set it to do.
"""

import collections
import contextlib
import http.server
import itertools
import json
import threading
import time


def at(second):
    return f"2026-01-01T00:00:{second // 1000:02}.{second % 1000:03}Z"


class ScriptedCloud:
    """One account, whose every key is good."""

    def __init__(self):
        self.credentials = {}  # name to {"id", "value", "updated_at"}
        self.requests = collections.Counter()  # by the end of the path
        self.asked = []  # (moment, end of the path), in order
        self.connections = 0
        self.most_at_once = 0
        self.delay_s = 0.0
        self.away = False  # hangs up instead of answering
        # Not None: (status, headers, body) in place of every /v1 answer.
        self.refusal = None
        # As refusal, for the nth request of a route alone: {("get", 7): ...}.
        self.refusals = {}
        # Changes what is said of a credential in the list.
        self.list_entry = lambda entry: entry
        self.held = threading.Event()  # cleared: /v1 answers wait for it
        self.held.set()
        self._ids = itertools.count(1)
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.cloud = self
        self.url = "http://127.0.0.1:%d" % self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self):
        self.held.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def set(self, name, value):
        """As somebody elsewhere would."""
        with self._lock:
            self._set(name, value)

    def count(self, route):
        return self.requests[route]

    def since(self, moment, route):
        return sum(when >= moment and what == route
                   for when, what in list(self.asked))

    # What Handler does.

    def _set(self, name, value):
        known = self.credentials.get(name)
        number = next(self._ids)
        self.credentials[name] = {
            "id": known["id"] if known else f"id-{number}", "value": value,
            "updated_at": at(number)}

    @contextlib.contextmanager
    def _counted(self, route):
        with self._lock:
            self.requests[route] += 1
            number = self.requests[route]
            self.asked.append((time.monotonic(), route))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield number
        finally:
            with self._lock:
                self._at_once -= 1

    def answer(self, path, number, body):
        """(status, headers, what to say as JSON, or bytes as they are)."""
        if path.startswith("/api/auth/"):
            return 200, {}, self._auth(path)
        given = body.get("json") or {}
        with self._lock:
            route = path.rpartition("/")[2]
            refusal = self.refusals.pop((route, number), self.refusal)
            if refusal is not None:
                return refusal
            act = getattr(self, "_" + route)
            status, said = act(given)
        return status, {}, {"json": said}

    def _auth(self, path):
        number = next(self._ids)
        return {
            "/api/auth/api-key/create":
                {"id": f"key-{number}", "key": f"{number:064}"},
            "/api/auth/api-key/list": [],
            "/api/auth/get-session":
                {"user": {"id": "u", "email": "casey@example.test",
                          "emailVerified": True},
                 "session": {"expiresAt": "2027-01-01T00:00:00.000Z"}},
        }.get(path, {"success": True})

    def _list(self, _given):
        return 200, {"credentials": [
            self.list_entry({"credential_id": held["id"], "name": name,
                             "created_at": at(0),
                             "updated_at": held["updated_at"]})
            for name, held in sorted(self.credentials.items())]}

    def _get(self, given):
        held = self.credentials.get(given["name"])
        if held is None:
            return 404, {"defined": False, "code": "NOT_FOUND", "status": 404,
                         "message": "no such credential"}
        return 200, {"id": held["id"], "name": given["name"],
                     "value": held["value"]}

    def _create(self, given):
        if given["name"] in self.credentials:
            return 409, {"defined": False, "code": "CONFLICT", "status": 409,
                         "message": "the name is taken"}
        self._set(given["name"], given["value"])
        return 200, {"credential_id": self.credentials[given["name"]]["id"]}

    def _upsert(self, given):
        overwritten = given["name"] in self.credentials
        self._set(given["name"], given["value"])
        return 200, {"credential_id": self.credentials[given["name"]]["id"],
                     "overwritten": overwritten}

    def _by_id(self, given):
        return next(name for name, held in self.credentials.items()
                    if held["id"] == given["id"])

    def _update(self, given):
        name = self._by_id(given)
        if "value" in given:
            self._set(name, given["value"])
        if "name" in given:
            self.credentials[given["name"]] = self.credentials.pop(name)
        return 200, {"success": True}

    def _delete(self, given):
        del self.credentials[self._by_id(given)]
        return 200, {"success": True}


class Server(http.server.ThreadingHTTPServer):
    # Many agents' worth of connections at once.
    request_queue_size = 256
    daemon_threads = True
    cloud = None

    def handle_error(self, request, client_address):
        pass  # the agent may hang up whenever it has had enough


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60  # an agent keeps a connection for what may come

    def setup(self):
        super().setup()
        self.server.cloud.connections += 1

    def log_message(self, format, *arguments):
        pass

    def do_GET(self):
        self.take({})

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.take(json.loads(body) if body else {})

    def take(self, body):
        cloud = self.server.cloud
        path = self.path.partition("?")[0]
        with cloud._counted(path.rpartition("/")[2]) as number:
            if cloud.delay_s:
                threading.Event().wait(cloud.delay_s)
            if cloud.away:
                self.close_connection = True
                return
            status, headers, said = cloud.answer(path, number, body)
            # Answered as it was then, delivered when the test lets it go.
            if path.startswith("/v1/"):
                cloud.held.wait(30)
            self.say(status, headers, said)

    def say(self, status, headers, said):
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def sign_in(test, **settings):
    """A ScriptedCloud that the test's world is signed in at.

    `settings` go into agent.toml.
    """
    world = test.world
    cloud = ScriptedCloud()
    test.addCleanup(cloud.close)
    world.api_url = cloud.url
    world.state.mkdir(mode=0o700, exist_ok=True)
    cookie = "better-auth.session_token=" + world.secret("session cookie", 32)
    world.auth_file.write_text(json.dumps({
        "apiUrl": cloud.url,
        "session": {"cookie": cookie, "userId": "u", "email": world.email,
                    "expiresAt": None}}))
    world.auth_file.chmod(0o600)
    folder = world.home / ".config/libretto"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.toml").write_text("".join(
        f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
    return cloud
