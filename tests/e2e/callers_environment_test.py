"""On whose behalf: logins that come and go beside the agent, several accounts,
and what one caller's environment says for that call alone."""

import http.server
import json
import os
import threading
import urllib.request

import harness


class RecordingCloud:
    """An HTTP server that keeps every request and knows nobody."""

    def __init__(self):
        requests = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                requests.append((self.path, dict(self.headers), body))
                known = self.path == "/api/auth/get-session"
                text = b"null" if known else b'{"message":"Unauthorized"}'
                self.send_response(200 if known else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.api_url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class CallersEnvironmentTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.start_cloud()
        self.world.must("agent", "start")

    # What the tests are told in.

    def sign_up(self, email, organization, **variables):
        env = self.world.environment(**variables)
        self.world.must("cloud", "auth", "signup", "--name", "Casey", "--email",
                        email, "--organization", organization,
                        "--password-stdin", "--no-wait", env=env,
                        stdin=self.world.password)
        self.world.follow_mail()
        return env

    def sign_in_beside(self, email):
        """A session that the agent knows nothing of: auth.json's text."""
        request = urllib.request.Request(
            self.world.api_url + "/api/auth/sign-in/email",
            data=json.dumps({"email": email,
                             "password": self.world.password}).encode(),
            headers={"Content-Type": "application/json",
                     "Origin": self.world.api_url})
        with urllib.request.urlopen(request, timeout=10) as reply:
            cookies = reply.headers.get_all("Set-Cookie")
            user = json.load(reply)["user"]
        return self.auth_text(
            "; ".join(cookie.split(";")[0] for cookie in cookies
                      if "=" in cookie.split(";")[0]), user["id"], email)

    def auth_text(self, cookie, user, email, api_url=None):
        return json.dumps({
            "apiUrl": api_url or self.world.api_url,
            "session": {"cookie": cookie, "userId": user, "email": email,
                        "expiresAt": None}}, indent=2)

    def write_as_the_public_command_does(self, text):
        """Contract 1.3: a temporary file, 0600, then renamed."""
        self.world.state.mkdir(mode=0o700, exist_ok=True)
        temporary = self.world.state / "auth.json.tmp"
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                          0o600), "w", encoding="utf-8") as file:
            file.write(text)
        temporary.rename(self.world.auth_file)

    def session_is(self, state, email=None):
        def so():
            status = self.world.status()
            return (status["session"] == state
                    and (email is None or status["email"] == email))
        harness.wait_for(so, f"the session to be {state} {email or ''}",
                         seconds=3)

    def recording_cloud(self):
        cloud = RecordingCloud()
        self.addCleanup(cloud.close)
        return cloud

    # One login for every terminal, both directions.

    def test_a_login_beside_the_agent_is_picked_up_at_once(self):
        maker = self.sign_up("casey@example.test", "One",
                             LIBRETTO_PROFILE="maker")
        value = self.world.secret("value of username")
        self.world.must("cloud", "credentials", "create", "username",
                        "--value-stdin", stdin=value, env=maker)
        self.assert_exit(4, self.world.ctl("read", "username"))
        self.write_as_the_public_command_does(
            self.sign_in_beside("casey@example.test"))
        self.assertEqual(self.world.read("username"), value)
        self.session_is("signed_in", "casey@example.test")

    def test_another_login_beside_the_agent_takes_over(self):
        self.sign_up("other@example.test", "Two", LIBRETTO_PROFILE="maker")
        self.sign_up("casey@example.test", "One")
        self.world.store("username")
        self.write_as_the_public_command_does(
            self.sign_in_beside("other@example.test"))
        self.session_is("signed_in", "other@example.test")
        self.assert_exit(5, self.world.ctl("read", "username"))

    def test_a_logout_beside_the_agent_is_seen(self):
        self.sign_up("casey@example.test", "One")
        self.world.store("username")
        self.world.auth_file.unlink()
        self.session_is("signed_out")
        self.assertEqual(self.world.status()["cached"], 0)
        self.assert_exit(4, self.world.ctl("read", "username"))

    def test_a_login_through_the_agent_is_in_the_shared_file(self):
        self.sign_up("casey@example.test", "One")
        stored = json.loads(self.world.auth_file.read_text())
        self.assertEqual(stored["apiUrl"], self.world.api_url)
        self.assertEqual(stored["session"]["email"], "casey@example.test")
        session = self.world.get("/api/auth/get-session",
                                 Cookie=stored["session"]["cookie"])
        self.assertEqual(session["user"]["email"], "casey@example.test")
        self.world.must("cloud", "auth", "logout")
        self.assertFalse(self.world.auth_file.exists())

    # Accounts side by side.

    def test_two_profiles_side_by_side(self):
        self.sign_up("casey@example.test", "One")
        work = self.sign_up("other@example.test", "Two",
                            LIBRETTO_PROFILE="work")
        mine = self.world.store("username")
        theirs = self.world.secret("value at work")
        self.world.must("--profile", "work", "cloud", "credentials", "create",
                        "username", "--value-stdin", stdin=theirs)
        self.assertEqual(self.world.read("username"), mine)
        self.assertEqual(self.world.read("username", env=work), theirs)
        self.assertEqual(self.world.status(env=work)["email"],
                         "other@example.test")
        resting = self.world.state / "profiles/work/auth.json"
        self.assertEqual(resting.stat().st_mode & 0o777, 0o600)
        self.assertEqual(resting.parent.stat().st_mode & 0o777, 0o700)

        self.world.must("cloud", "auth", "logout", "--profile", "work")
        self.assertFalse(resting.exists())
        self.assert_exit(4, self.world.ctl("read", "username", env=work))
        self.assertEqual(self.world.read("username"), mine)

    def test_a_profiles_name_is_no_path(self):
        for name in ("../x", "a/b", "UPPER", "a" * 33, "-a", "a b"):
            with self.subTest(name):
                self.assert_exit(64, self.world.ctl(
                    "cloud", "auth", "whoami", f"--profile={name}"))
        self.assertFalse((self.world.state / "profiles").exists())

    # A key for one call.

    def test_a_key_of_the_caller_acts_for_that_call_alone(self):
        self.sign_up("casey@example.test", "One")
        self.sign_up("other@example.test", "Two", LIBRETTO_PROFILE="other")
        mine = self.world.store("username")
        theirs = self.world.secret("value of the other")
        self.world.must("--profile", "other", "cloud", "credentials", "create",
                        "username", "--value-stdin", stdin=theirs)
        key = json.loads(self.world.must(
            "--profile", "other", "cloud", "auth", "api-key", "issue",
            "--label", "ci", "--json"))["key"]
        with_key = self.world.environment(LIBRETTO_API_KEY=f" {key}\n")

        self.assertEqual(self.world.read("username", env=with_key), theirs)
        self.assertEqual(self.world.read("username"), mine)
        self.assertEqual(self.world.read("username", env=with_key), theirs)
        who = json.loads(self.world.must("cloud", "auth", "whoami", "--json",
                                         env=with_key))
        self.assertEqual(who["source"], "LIBRETTO_API_KEY")
        self.assertEqual(who["email"], "other@example.test")
        self.assertEqual(self.world.status()["email"], "casey@example.test")
        # A login is not hidden from the file by a key that is set.
        self.world.log_in(env=with_key)
        self.assertTrue(self.world.auth_file.exists())

    def test_a_bad_key_fails_although_somebody_is_logged_in(self):
        self.sign_up("casey@example.test", "One")
        mine = self.world.store("username")
        key = self.world.secret("a bad key")
        bad = self.world.environment(LIBRETTO_API_KEY=key)
        result = self.world.ctl("read", "username", env=bad)
        self.assert_exit(4, result)
        self.assertNotIn(key, result.err)
        self.assertEqual(self.world.read("username"), mine)

    # Another cloud.

    def test_another_cloud_never_gets_the_cookie_or_the_key(self):
        self.sign_up("casey@example.test", "One")
        mine = self.world.store("username")
        cloud = self.recording_cloud()
        elsewhere = self.world.environment(LIBRETTO_API_URL=cloud.api_url)
        for line in (["read", "username"], ["cloud", "credentials", "list"],
                     ["cloud", "auth", "whoami"],
                     ["cloud", "auth", "api-key", "list"],
                     ["cloud", "auth", "invite", "mate@example.test"],
                     ["agent", "sync"]):
            with self.subTest(" ".join(line)):
                result = self.world.ctl(*line, env=elsewhere)
                self.assert_exit(4, result)
                self.assertIn(f"nobody is logged in at {cloud.api_url}",
                              result.err)
        self.assertEqual(cloud.requests, [])
        # What is sent there has no credential of the other cloud.
        self.assert_exit(4, self.world.ctl(
            "cloud", "auth", "login", "--email", "casey@example.test",
            "--password-stdin", stdin="a password for there", env=elsewhere))
        self.assertEqual([path for path, _, _ in cloud.requests],
                         ["/api/auth/sign-in/email"])
        for _, headers, _ in cloud.requests:
            names = {name.lower() for name in headers}
            self.assertFalse(names & {"cookie", "x-api-key", "authorization"})
        self.assertEqual(self.world.read("username"), mine)

    def test_a_key_of_the_caller_goes_to_the_callers_cloud(self):
        self.sign_up("casey@example.test", "One")
        cloud = self.recording_cloud()
        key = self.world.secret("key for there")
        self.assert_exit(4, self.world.ctl(
            "read", "username", env=self.world.environment(
                LIBRETTO_API_URL=cloud.api_url, LIBRETTO_API_KEY=key)))
        self.assertNotEqual(cloud.requests, [])
        for _, headers, _ in cloud.requests:
            self.assertEqual(headers.get("x-api-key"), key)
            self.assertNotIn("Cookie", headers)

    # The cloud ends a session.

    def test_an_ended_session_is_told_in_words_and_not_tried_again(self):
        cloud = self.recording_cloud()
        self.write_as_the_public_command_does(self.auth_text(
            "better-auth.session_token=gone", "u1", "casey@example.test",
            cloud.api_url))
        there = self.world.environment(LIBRETTO_API_URL=cloud.api_url)
        result = self.world.ctl("cloud", "auth", "whoami", env=there)
        self.assert_exit(4, result)
        self.assertIn("has ended", result.err)
        self.assertIn("librettoctl cloud auth login", result.err)
        self.assertEqual(self.world.status(env=there)["session"], "ended")
        asked = len(cloud.requests)
        for _ in range(5):
            result = self.world.ctl("read", "username", env=there)
            self.assert_exit(4, result)
            self.assertIn("has ended", result.err)
        self.assertEqual(len(cloud.requests), asked)

    def test_a_sign_out_elsewhere_is_noticed(self):
        self.sign_up("casey@example.test", "One")
        request = urllib.request.Request(
            self.world.api_url + "/api/auth/sign-out", data=b"{}",
            headers={"Content-Type": "application/json",
                     "Origin": self.world.api_url,
                     "Cookie": self.world.cookie()})
        urllib.request.urlopen(request, timeout=10).close()
        result = self.world.ctl("cloud", "auth", "whoami")
        self.assert_exit(4, result)
        self.assertIn("has ended", result.err)
        self.world.log_in()
        self.session_is("signed_in", "casey@example.test")


if __name__ == "__main__":
    harness.main()
