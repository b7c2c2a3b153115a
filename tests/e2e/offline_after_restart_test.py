"""Where a passphrase is enrolled, an agent that was started again serves what
the one before it knew, though the cloud is away; nothing of it is on disk in
the clear."""

import base64
import json
import os
import signal
import stat
import time

import harness
import scripted_cloud


class SnapshotTest(harness.E2eTest):

    def start(self, enroll=True, **settings):
        self.cloud = scripted_cloud.sign_in(self, **settings)
        self.snapshot = self.world.state / "cache.sealed"
        self.value = self.world.secret("username")
        self.cloud.set("username", self.value)
        self.world.must("agent", "start")
        if enroll:
            self.enroll()
        self.world.must("agent", "sync")
        self.assertEqual(self.world.read("username"), self.value)

    def enroll(self):
        self.world.must("agent", "enroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)

    def stop(self):
        self.world.must("agent", "stop")

    def kill(self):
        pid = self.world.agent_pid()
        os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not harness.exists(pid), "the agent's end")

    def start_again(self):
        self.world.must("agent", "start")
        self.assert_exit(4, self.world.ctl("read", "username"))
        self.assert_exit(0, self.world.unlock())

    def assert_served_as_stale(self):
        result = self.world.ctl("read", "username")
        self.assert_exit(0, result)
        self.assertEqual(result.out, self.value + "\n")
        lines = result.err.strip().splitlines()
        self.assertEqual(len(lines), 1, result.err)
        self.assertRegex(lines[0],
                         r"stale: .* username was confirmed \d+ s ago")

    def assert_sealed(self):
        """No value is in any file of this world, and no name in this one."""
        self.assertEqual(stat.S_IMODE(self.snapshot.stat().st_mode), 0o600)
        sealed = self.snapshot.read_bytes()
        self.assertTrue(sealed.startswith(b"LBRSEALC\1"))
        for clear in (b"username", b"id-1", self.cloud.url.encode(),
                      scripted_cloud.at(1).encode()):
            self.assertNotIn(clear, sealed)
        raw = self.value.encode()
        # However it is aligned: what depends on the neighbours is cut off.
        spellings = [raw, raw.hex().encode()] + [
            base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)]
        for file in self.world.home.rglob("*"):
            if file.is_file():
                data = file.read_bytes()
                for spelling in spellings:
                    self.assertNotIn(spelling, data, file)


class OfflineAfterRestartTest(SnapshotTest):

    def test_after_a_stop(self):
        self.start()
        generation = self.answer()["generation"]
        self.stop()
        self.assert_sealed()
        self.cloud.away = True
        self.start_again()
        self.assert_served_as_stale()
        self.assertEqual(self.answer()["generation"], generation)
        self.assertIn("username",
                      self.world.must("cloud", "credentials", "list"))
        # And once more.
        self.stop()
        self.start_again()
        self.assert_served_as_stale()

    def answer(self):
        return json.loads(self.world.must("read", "username", "--json"))

    def test_after_a_kill(self):
        self.start()
        harness.wait_for(self.snapshot.exists, "a snapshot", seconds=40)
        self.assert_sealed()
        self.kill()
        self.cloud.away = True
        self.start_again()
        self.assert_served_as_stale()

    def test_after_a_lock_and_a_kill(self):
        self.start()
        self.world.must("agent", "lock")
        harness.wait_for(self.snapshot.exists, "a snapshot")
        self.assert_sealed()
        self.kill()
        self.cloud.away = True
        self.start_again()
        self.assert_served_as_stale()

    def test_a_cloud_that_is_there_confirms_it(self):
        self.start()
        self.stop()
        fetched = self.cloud.count("get")
        self.start_again()
        harness.wait_for(lambda: self.world.status()["last_sync_unix_s"] > 0,
                         "the first list")
        self.assertEqual(self.answer()["source"], "memory")
        self.assertEqual(self.cloud.count("get"), fetched)

    def test_what_was_changed_meanwhile_is_not_served(self):
        self.start()
        self.stop()
        changed = self.world.secret("the new username")
        self.cloud.set("username", changed)
        self.start_again()
        self.assertEqual(self.world.read("username"), changed)

    def test_past_the_limit_it_is_not_served(self):
        self.start(max_offline_s=1)
        self.stop()
        self.cloud.away = True
        written = self.snapshot.stat().st_mtime
        harness.wait_for(lambda: time.time() > written + 2, "two seconds")
        self.start_again()
        result = self.world.ctl("read", "username")
        self.assert_exit(6, result)
        self.assertNotIn(self.value, result.out + result.err)

    def test_one_that_is_damaged_stops_nothing(self):
        self.start()
        self.stop()
        data = bytearray(self.snapshot.read_bytes())
        data[-1] ^= 1
        self.snapshot.write_bytes(data)
        self.start_again()
        self.assertEqual(self.world.read("username"), self.value)
        said = [line for line in self.world.log_file.read_text().splitlines()
                if "snapshot not used" in line]
        self.assertEqual(len(said), 1, said)


class SnapshotIsRemovedTest(SnapshotTest):

    def setUp(self):
        super().setUp()
        self.start()
        self.world.must("agent", "lock")
        harness.wait_for(self.snapshot.exists, "a snapshot")
        self.assert_exit(0, self.world.unlock())

    def assert_gone(self):
        left = [file.name for file in self.world.state.iterdir()
                if file.name.startswith("cache.sealed")]
        self.assertEqual(left, [])
        # Nor does a stop bring it back.
        self.world.must("agent", "stop")
        self.assertFalse(self.snapshot.exists())

    def test_by_forget(self):
        self.world.must("agent", "forget")
        self.assert_gone()

    def test_by_panic(self):
        self.world.must("agent", "panic")
        self.assert_gone()

    def test_by_logout(self):
        self.world.must("cloud", "auth", "logout")
        self.assert_gone()

    def test_by_unenroll(self):
        self.world.must("agent", "unenroll", "--passphrase-stdin",
                        stdin=self.world.passphrase)
        self.assertEqual(self.world.read("username"), self.value)
        self.assert_gone()


class WithoutAPassphraseTest(SnapshotTest):

    def test_there_is_none(self):
        self.start(enroll=False)
        self.stop()
        self.assertEqual(list(self.world.home.rglob("*.sealed*")), [])
        self.cloud.away = True
        self.assert_exit(6, self.world.ctl("read", "username"))


if __name__ == "__main__":
    harness.main()
