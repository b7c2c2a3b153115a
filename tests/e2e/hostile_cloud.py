"""A cloud that speaks the contract and puts a text of the test's choice into
every field that is somebody's to choose: names, labels, organisations,
addresses, times, error messages."""

import http.server
import json
import threading

KEY = "a-key-of-the-hostile-cloud"


class HostileCloud:

    def __init__(self):
        self.texts = ["harmless"]
        self.failing = False
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      self.handler())
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def text(self):
        return self.texts[0]

    def answer(self, path):
        """(status, body) for a request."""
        path = path.partition("?")[0]
        if path.endswith("/api-key/create"):
            return 200, {"id": self.text, "key": KEY, "name": self.text}
        if self.failing:
            return 422, {"message": self.text, "code": self.text,
                         "json": {"message": self.text, "code": self.text}}
        if path == "/v1/credentials/list":
            return 200, {"json": {"credentials": [
                {"credential_id": f"{i}{text}", "name": text,
                 "created_at": text, "updated_at": text}
                for i, text in enumerate(self.texts)]}}
        if path == "/v1/credentials/get":
            return 200, {"json": {"value": "a plain value"}}
        return 200, self.plain(path)

    def plain(self, path):
        text = self.text
        organization = {"id": "1", "name": text, "slug": text}
        if path.endswith("/get-session"):
            return {"user": {"id": text, "email": text, "emailVerified": True},
                    "session": {"expiresAt": text}}
        if path.endswith("/organization/list"):
            return [organization]
        if path.endswith("/invite-member"):
            return {"id": text, "email": text, "role": text,
                    "expiresAt": text, "organizationId": "1"}
        if path.endswith("/api-key/list"):
            return [{"id": text, "name": text, "start": text, "enabled": True,
                     "createdAt": text, "lastRequest": text,
                     "expiresAt": text}]
        return {"json": {"success": False, "message": text}}

    def handler(self):
        cloud = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = cloud.answer(self.path)
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        return Handler
