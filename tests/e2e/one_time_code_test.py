"""A one-time code comes from the agent, and its seed stays there."""

import base64
import hashlib
import hmac
import pathlib
import secrets
import struct
import time

import harness


def code_at(seed, seconds):
    """RFC 6238 by its text: six digits, SHA-1, 30 seconds."""
    digest = hmac.new(seed, struct.pack(">Q", seconds // 30),
                      hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset:offset + 4])[0] & 0x7fffffff
    return f"{number % 10**6:06}"


class OneTimeCodeTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.seed = secrets.token_bytes(20)
        self.base32 = base64.b32encode(self.seed).decode()

    def assert_code_of_now(self, *arguments):
        before = int(time.time())
        code = self.world.must("read", *arguments)
        possible = {code_at(self.seed, when) + "\n"
                    for when in (before, int(time.time()))}
        self.assertIn(code, possible)

    def test_a_code_is_that_of_this_moment(self):
        self.world.store("seed", self.base32.lower())
        self.assert_code_of_now("seed", "--otp")
        self.assert_code_of_now("libretto://seed?attribute=otp")
        self.world.store(
            "uri", f"otpauth://totp/Example:casey?secret={self.base32}")
        self.assert_code_of_now("uri", "--otp")

    def test_the_seed_reaches_no_log(self):
        self.world.store("seed", self.base32)
        self.world.must("read", "seed", "--otp")
        self.assertNotIn(self.base32, self.world.log_file.read_text())

    def test_what_is_no_seed_is_not_quoted(self):
        value = self.world.store("password")
        result = self.world.ctl("read", "password", "--otp")
        self.assert_exit(64, result)
        self.assert_explained(result)
        self.assertIn("password: its value is no seed", result.err)
        self.assertNotIn(value, result.err)

    def test_an_out_file_is_for_its_owner_alone(self):
        value = self.world.store("password")
        path = pathlib.Path(self.world.root) / "out"
        self.world.must("read", "password", "--out-file", path)
        self.assertEqual(path.read_text(), value + "\n")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)


if __name__ == "__main__":
    harness.main()
