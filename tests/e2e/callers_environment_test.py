"""What the caller's own environment says counts for that caller alone."""

import json
import os
import urllib.request

import harness


class CallersEnvironmentTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")

    def test_an_api_key_acts_for_one_call(self):
        key = self.issue_key()
        self.world.must("cloud", "auth", "logout")
        with_key = self.world.environment(LIBRETTO_API_KEY=key)
        self.assertEqual(self.world.read("username", env=with_key), self.value)
        self.assert_exit(4, self.world.ctl("read", "username"))
        bad = self.world.environment(LIBRETTO_API_KEY="x" * 64)
        self.assert_exit(4, self.world.ctl("read", "username", env=bad))

    def issue_key(self):
        """An API key, made past the agent, as the public command would."""
        request = urllib.request.Request(
            self.world.api_url + "/api/auth/api-key/create",
            data=json.dumps({"name": "by hand"}).encode(),
            headers={"Content-Type": "application/json",
                     "Origin": self.world.api_url,
                     "Cookie": self.world.cookie()})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)["key"]

    def test_a_login_by_another_command_is_picked_up_at_once(self):
        stored = self.world.auth_file.read_bytes()
        self.world.auth_file.unlink()
        harness.wait_for(
            lambda: self.world.status()["session"] == "signed_out",
            "the logout to be seen")
        self.assert_exit(4, self.world.ctl("read", "username"))
        beside = self.world.auth_file.with_suffix(".tmp")
        beside.touch(mode=0o600)
        beside.write_bytes(stored)
        os.rename(beside, self.world.auth_file)
        harness.wait_for(
            lambda: self.world.status()["session"] == "signed_in",
            "the login to be seen")
        self.assertEqual(self.world.read("username"), self.value)

    def test_profiles_live_side_by_side(self):
        work = self.world.environment(LIBRETTO_PROFILE="work")
        self.assert_exit(4, self.world.ctl("read", "username", env=work))
        self.world.log_in(env=work)
        self.assertEqual(self.world.read("username", env=work), self.value)
        self.assertTrue(
            (self.world.state / "profiles/work/auth.json").exists())
        self.world.must("cloud", "auth", "logout", env=work)
        self.assert_exit(4, self.world.ctl("read", "username", env=work))
        self.assertEqual(self.world.read("username"), self.value)

    def test_a_profile_is_no_path(self):
        outside = self.world.environment(LIBRETTO_PROFILE="../../outside")
        result = self.world.ctl("read", "username", env=outside)
        self.assertNotEqual(result.code, 0)
        self.assertIn("a profile's name is", result.err)


if __name__ == "__main__":
    harness.main()
