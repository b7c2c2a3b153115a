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
        for content in (b"{", b"", b"\xff\xfe", b'"text"', b"[" * 100_000,
                        b'{"apiUrl": 7}', b'{"apiUrl":"http://h","session":7}',
                        b"x" * 3_000_000):
            with self.subTest(content=content[:40]):
                self.plant(content)
                result = self.world.ctl("read", "username")
                self.assert_explained(result)
                if content.strip() and not content.startswith(b'{"apiUrl": 7'):
                    self.assertIn(str(self.world.auth_file), result.err)
                self.assertEqual(self.world.auth_file.read_bytes(), content)
                self.world.ctl("agent", "stop", "--no-start")

    def test_no_session_in_it_means_logged_out(self):
        for content in (b'{"apiUrl":"http://127.0.0.1:1"}',
                        b'{"apiUrl":"http://127.0.0.1:1","session":null}'):
            self.plant(content)
            result = self.world.ctl("read", "username")
            self.assert_exit(4, result)
            self.assertIn("librettoctl cloud auth login", result.err)
            self.world.ctl("agent", "stop", "--no-start")

    def test_a_login_replaces_it_with_a_good_one(self):
        self.world.signed_up()
        self.world.must("agent", "stop")
        self.plant(b"{")
        self.world.log_in()
        content = json.loads(self.world.auth_file.read_text())
        self.assertEqual(content["apiUrl"], self.world.api_url)
        self.assertEqual(content["session"]["email"], self.world.email)
        self.assertEqual(os.stat(self.world.auth_file).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(self.world.state).st_mode & 0o777, 0o700)


if __name__ == "__main__":
    harness.main()
