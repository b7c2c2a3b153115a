"""A session file that cannot be understood is kept as it is, and named."""

import json
import os

import harness


class BadAuthFileTest(harness.E2eTest):

    def plant(self, content):
        self.world.state.mkdir(mode=0o700, exist_ok=True)
        self.world.auth_file.write_bytes(content)
        self.world.auth_file.chmod(0o600)

    def test_it_is_kept_and_named_whatever_is_wrong(self):
        for content in (b"{", b"", b"\xff\xfe", b"[" * 100_000,
                        b'{"apiUrl":"http://127.0.0.1:1","session":7}',
                        b'{"apiUrl":"http://127.0.0.1:1","session":{}}',
                        b"x" * 3_000_000):
            with self.subTest(content=content[:40]):
                self.plant(content)
                result = self.world.ctl("read", "username")
                self.assert_explained(result)
                self.assertIn(str(self.world.auth_file), result.err)
                self.assertEqual(self.world.auth_file.read_bytes(), content)
                self.world.ctl("agent", "stop", "--no-start")

    def test_no_session_in_it_means_logged_out(self):
        for content in (b'{}', b'{"apiUrl":"http://127.0.0.1:1"}',
                        b'{"apiUrl":"http://127.0.0.1:1","session":null}'):
            self.plant(content)
            result = self.world.ctl("read", "username")
            self.assert_exit(4, result)
            self.assertIn("librettoctl cloud auth login", result.err)
            self.world.ctl("agent", "stop", "--no-start")

    def test_a_login_wants_it_out_of_the_way_first(self):
        self.world.signed_up()
        self.world.must("agent", "stop")
        self.plant(b"{")
        refused = self.world.ctl("cloud", "auth", "login", "--email",
                                 self.world.email, "--password-stdin",
                                 stdin=self.world.password)
        self.assert_explained(refused)
        self.assertEqual(self.world.auth_file.read_bytes(), b"{")
        advice = refused.err.partition("try: ")[2].split()
        self.assertEqual(advice[:2], ["mv", str(self.world.auth_file)])
        os.rename(*advice[1:])
        self.world.log_in()
        content = json.loads(self.world.auth_file.read_text())
        self.assertEqual(content["apiUrl"], self.world.api_url)
        self.assertEqual(content["session"]["email"], self.world.email)
        self.assertEqual(os.stat(self.world.auth_file).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(self.world.state).st_mode & 0o777, 0o700)


if __name__ == "__main__":
    harness.main()
