"""Keys lie in locked memory, of which there is little; and where nothing can
be locked the agent does not start."""

import os
import resource
import unittest

import harness
import serving

NOBODY = 65534


def locked_kib(pid):
    return int(serving.status_of(pid)["VmLck"].split()[0])


@unittest.skipIf(harness.SANITIZED, "sanitizers make mlock() do nothing")
class KeysLockedTest(harness.E2eTest):

    def test_the_running_agent_has_a_locked_page_and_not_more(self):
        self.world.signed_up()
        self.world.store("username")
        self.world.read("username")
        first = locked_kib(self.world.agent_pid())
        self.assertGreaterEqual(first, 16)
        self.assertLessEqual(first, 1024)
        for number in range(20):
            self.world.store(f"name_{number}")
        self.world.must("agent", "sync")
        self.assertEqual(locked_kib(self.world.agent_pid()), first)

    def test_hibernation_can_be_preferred(self):
        settings = self.world.home / ".config/libretto/agent.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text("secret_memory = false\n")
        self.world.must("agent", "start")
        self.assertEqual(self.world.status()["key_memory"], "mlock")
        self.assertGreaterEqual(locked_kib(self.world.agent_pid()), 16)

    @unittest.skipUnless(os.geteuid() == 0, "needs to be another user")
    def test_without_locked_memory_it_says_why(self):
        serving.give_to(self.world, NOBODY)

        def nothing():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))

        agent = serving.Served(self.world, user=NOBODY, preexec_fn=nothing)
        self.assertEqual(agent.process.wait(timeout=20), 1)
        self.assertIn("cannot be kept out of swap", agent.said())
        self.assertIn("ulimit -l", agent.said())
        self.assertFalse(self.world.socket.exists())


if __name__ == "__main__":
    harness.main()
