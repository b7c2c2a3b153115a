"""Whatever an agent dies of, it leaves no core and tells nothing."""

import os
import resource
import signal
import subprocess
import unittest

import harness
import serving

DEATHS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE)


def unlimited_cores():
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


@unittest.skipIf(harness.SANITIZED, "a sanitizer reports before it dies")
class NoCoreTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")
        self.world.must("agent", "stop")

    def ends(self, process):
        """How it ended: (signal, whether there is a core)."""
        status = os.waitpid(process.pid, 0)[1]
        process.returncode = status  # it is gone; Popen must not wait
        return os.WTERMSIG(status), os.WCOREDUMP(status)

    def agent_with_a_value(self):
        agent = serving.Served(self.world, preexec_fn=unlimited_cores)
        self.addCleanup(agent.process.kill)
        agent.until_ready()
        self.assertEqual(self.world.read("username"), self.value)
        return agent

    def assert_left_nothing(self, agent):
        left = [path for path in self.world.root.iterdir()
                if path.name.startswith("core")]
        self.assertEqual(left, [])
        for text in (agent.said(), self.world.log_file.read_text()):
            for what, secret in self.world.secrets.items():
                self.assertNotIn(secret, text, what)
        self.world.socket.unlink(missing_ok=True)

    def test_others_leave_one(self):
        with subprocess.Popen(["/usr/bin/sleep", "60"], cwd=self.world.root,
                              preexec_fn=unlimited_cores) as sleeper:
            sleeper.send_signal(signal.SIGSEGV)
            _, core = self.ends(sleeper)
        if not core:
            self.skipTest("this machine keeps no cores of anybody")

    def test_after_four_signals(self):
        for death in DEATHS:
            with self.subTest(signal=death.name):
                agent = self.agent_with_a_value()
                agent.process.send_signal(death)
                self.assertEqual(self.ends(agent.process), (death, False))
                self.assert_left_nothing(agent)

    def test_out_of_memory(self):
        agent = self.agent_with_a_value()
        used = int(serving.status_of(agent.pid)["VmSize"].split()[0]) << 10
        resource.prlimit(agent.pid, resource.RLIMIT_AS, (used, used))
        big = self.world.root / "big"
        big.write_text("x" * 60_000)
        # Until nothing is left, or it has found a way around.
        for number in range(200):
            if agent.process.poll() is not None:
                break
            self.world.ctl("cloud", "credentials", "create", f"n{number}",
                           "--value-stdin", "--no-start",
                           stdin=big.read_text())
        if agent.process.poll() is None:
            agent.process.kill()
            agent.process.wait()
        self.assert_left_nothing(agent)


if __name__ == "__main__":
    harness.main()
