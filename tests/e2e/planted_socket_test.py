"""Whatever lies where the socket goes: refused or replaced, never used.

Fourteen start states and more. The directory that is swapped in a race is
swapped a thousand times at least.
"""

import os
import shutil
import socket
import threading

import harness


class PlantedSocketTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.folder = self.world.socket.parent
        self.socket = self.world.socket
        self.elsewhere = self.world.root / "elsewhere"
        self.elsewhere.mkdir(mode=0o700)

    def assert_refused(self, *words, env=None):
        result = self.world.ctl("agent", "start", env=env)
        self.assert_explained(result)
        for word in words:
            self.assertIn(word, result.err)
        harness.wait_for(lambda: not self.world.agents(), "the agent to end")

    def assert_served(self):
        self.world.must("agent", "start")
        self.assertEqual(self.world.status()["socket"], str(self.socket))
        self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o600)

    def test_a_missing_folder_is_made(self):
        self.assert_served()
        self.assertEqual(os.stat(self.folder).st_mode & 0o777, 0o700)

    def test_a_stale_socket_is_replaced(self):
        self.folder.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(self.socket))
        self.assert_served()

    def test_a_regular_file_is_refused_and_kept(self):
        self.folder.mkdir(mode=0o700)
        self.socket.write_text("precious")
        self.assert_refused(str(self.socket))
        self.assertEqual(self.socket.read_text(), "precious")

    def test_a_fifo_is_refused(self):
        self.folder.mkdir(mode=0o700)
        os.mkfifo(self.socket)
        self.assert_refused(str(self.socket))

    def test_a_directory_is_refused(self):
        self.socket.mkdir(parents=True)
        self.folder.chmod(0o700)
        self.assert_refused(str(self.socket))

    def test_a_link_to_a_file_is_refused_and_its_target_kept(self):
        self.folder.mkdir(mode=0o700)
        target = self.elsewhere / "target"
        target.write_text("precious")
        self.socket.symlink_to(target)
        self.assert_refused(str(self.socket))
        self.assertEqual(target.read_text(), "precious")

    def test_a_dangling_link_is_refused(self):
        self.folder.mkdir(mode=0o700)
        self.socket.symlink_to(self.elsewhere / "nothing")
        self.assert_refused(str(self.socket))
        self.assertEqual(list(self.elsewhere.iterdir()), [])

    def test_a_link_to_a_live_socket_is_not_replaced(self):
        self.folder.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as impostor:
            impostor.bind(str(self.elsewhere / "sock"))
            impostor.listen()
            self.socket.symlink_to(self.elsewhere / "sock")
            self.assert_refused()
            self.assertTrue(self.socket.is_symlink())

    def test_a_live_impostor_is_left_alone_and_reported(self):
        self.folder.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as impostor:
            impostor.bind(str(self.socket))
            impostor.listen()
            result = self.world.ctl("agent", "start")
            self.assertNotEqual(result.code, 0)
            self.assertTrue(result.err.strip())
            self.assertTrue(self.socket.exists())

    def test_a_live_agent_is_left_alone(self):
        self.assert_served()
        pid = self.world.agent_pid()
        self.world.ctl("agent", "start")
        self.assertEqual(self.world.agents(), [pid])

    def test_a_linked_folder_is_refused(self):
        self.folder.symlink_to(self.elsewhere)
        self.assert_refused(str(self.folder))
        self.assertEqual(list(self.elsewhere.iterdir()), [])

    def test_a_folder_open_to_others_is_refused(self):
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.assert_refused(str(self.folder), "chmod 0700")

    def test_somebody_elses_folder_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("giving a folder away needs root")
        self.folder.mkdir(mode=0o700)
        os.chown(self.folder, 12345, 12345)
        self.assert_refused(str(self.folder), "12345")

    def test_a_folder_that_cannot_be_made_is_an_error(self):
        if os.geteuid() == 0:
            # Root may write everywhere but here.
            where = "/proc/libretto/agent.sock"
        else:
            self.world.runtime.chmod(0o500)
            self.addCleanup(self.world.runtime.chmod, 0o700)
            where = str(self.socket)
        self.assert_refused(
            where.rpartition("/")[0],
            env=self.world.environment(LIBRETTO_AGENT_SOCK=where))

    def test_a_folder_that_cannot_be_written_is_an_error(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        self.folder.mkdir(mode=0o500)
        self.assert_refused(str(self.socket))

    def test_a_runtime_folder_that_is_missing_is_made_or_named(self):
        where = self.world.root / "gone"
        env = self.world.environment(XDG_RUNTIME_DIR=str(where))
        result = self.world.ctl("agent", "start", env=env)
        if result.code == 0:
            self.assertEqual(os.stat(where / "libretto").st_mode & 0o777,
                             0o700)
            self.world.must("agent", "stop", env=env)
        else:
            self.assert_explained(result)
            self.assertIn(str(where), result.err)

    def test_a_path_that_does_not_fit_is_refused(self):
        long = "/tmp/" + "x" * 103
        self.assert_refused(
            "107", env=self.world.environment(LIBRETTO_AGENT_SOCK=long))

    def test_a_relative_path_is_refused(self):
        self.assert_refused("relative", env=self.world.environment(
            LIBRETTO_AGENT_SOCK="agent.sock"))

    def test_a_folder_that_is_swapped_meanwhile_leads_nowhere_else(self):
        self.folder.mkdir(mode=0o700)
        spare = self.world.runtime / "spare"
        stopping = threading.Event()
        swaps = []

        def swap():
            while not stopping.is_set():
                try:
                    self.folder.rename(spare)
                    self.folder.symlink_to(self.elsewhere)
                    self.folder.unlink()
                    spare.rename(self.folder)
                    swaps.append(1)
                except OSError:
                    pass

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            starts = 0
            while starts < 20 or len(swaps) < 1000:
                starts += 1
                self.world.ctl("agent", "start")
                for pid in self.world.agents():
                    os.kill(pid, 9)
                self.assertEqual(list(self.elsewhere.iterdir()), [])
        finally:
            stopping.set()
            swapper.join()
        shutil.rmtree(spare, ignore_errors=True)


if __name__ == "__main__":
    harness.main()
