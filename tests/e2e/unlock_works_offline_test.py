"""What was in memory before a lock can be read after it without the cloud."""

import socket
import urllib.parse

import harness


class UnlockWorksOfflineTest(harness.E2eTest):

    def test_reading_and_listing(self):
        self.world.enrolled()
        value = self.world.store("username")
        self.world.must("agent", "sync")
        fetched = self.world.status()["misses"]
        self.world.must("agent", "lock")
        self.world.stop_cloud()
        self.assert_exit(0, self.world.unlock())
        self.assertEqual(self.world.read("username"), value)
        self.assertIn("username",
                      self.world.must("cloud", "credentials", "list"))
        self.assertEqual(self.world.status()["misses"], fetched)
        self.assertEqual(self.world.must(
            "run", "--credential", "username", "--", "/bin/sh", "-c",
            'printf %s "$LIBRETTO_CLOUD_USERNAME"'), value)

    def cloud_address(self):
        url = urllib.parse.urlsplit(self.world.api_url)
        return url.hostname, url.port

    def test_a_key_that_could_not_be_revoked_goes_after_the_unlock(self):
        self.world.signed_up()
        cookie = self.world.cookie()
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        self.world.store("username")
        old = self.world.api_keys(cookie)
        self.world.stop_cloud()
        # In the cloud's place, so that it is seen when the key has tried.
        with socket.create_server(self.cloud_address()) as hangs_up:
            self.world.must("agent", "lock")
            hangs_up.settimeout(10)
            hangs_up.accept()[0].close()
        journal = self.world.state / "agent-keys.json"
        self.assertTrue(journal.exists())
        self.world.start_cloud()
        self.assertEqual(self.world.api_keys(cookie), old)
        self.assert_exit(0, self.world.unlock())
        harness.wait_for(
            lambda: not set(old) & set(self.world.api_keys(cookie)),
            "the old key to be revoked")


if __name__ == "__main__":
    harness.main()
