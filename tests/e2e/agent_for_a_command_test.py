"""`libretto-agent CMD` and the lines for eval, as ssh-agent users know them."""

import os
import pathlib
import shutil
import signal
import subprocess
import unittest

import harness

AGENT = str(harness.BIN / "libretto-agent")


class AgentForACommandTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")
        self.world.must("agent", "stop")

    def assert_ends(self):
        harness.wait_for(lambda: not self.world.agents(), "the agent to end")
        self.assertFalse(self.world.socket.exists())
        self.assertEqual(self.world.api_keys(), [])

    def test_the_command_has_an_agent_and_its_own_exit_code(self):
        result = self.world.run(
            [AGENT, "sh", "-c", "librettoctl read username --no-start &&"
             " echo $LIBRETTO_AGENT_SOCK && exit 7"])
        self.assert_exit(7, result)
        self.assertEqual(result.out, f"{self.value}\n{self.world.socket}\n")
        self.assertEqual(result.err, "")
        self.assert_ends()

    def test_the_command_finds_the_process_as_it_was(self):
        script = ("umask; ulimit -Sc; grep -E '^(SigIgn|SigBlk|NoNewPrivs)'"
                  " /proc/self/status; ls /proc/self/fd; env | grep -v"
                  " -e ^LIBRETTO_AGENT_SOCK= -e ^_= | sort;"
                  " ps -o pid= --ppid $$ | wc -l")
        if not shutil.which("ps"):
            script = script.rpartition(";")[0]
        plain = self.world.run(["sh", "-c", script])
        under = self.world.run([AGENT, "sh", "-c", script])
        self.assertEqual(under, plain._replace(seconds=under.seconds))

    def test_kill_9_of_the_command_ends_the_agent(self):
        with subprocess.Popen(
                [AGENT, "sh", "-c", "librettoctl read username; exec cat"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env=self.world.environment()) as command:
            self.assertEqual(command.stdout.readline().decode(),
                             self.value + "\n")
            self.assertEqual(len(self.world.agents()), 1)
            self.assertEqual(len(self.world.api_keys()), 1)
            os.kill(command.pid, signal.SIGKILL)
            command.wait()
        self.assert_ends()

    def test_a_command_that_cannot_be_run_leaves_no_agent(self):
        for code, command in ((127, "no-such-command"), (126, "/etc/passwd")):
            result = self.world.run([AGENT, command])
            self.assert_exit(code, result)
            self.assertIn(f"libretto-agent: cannot run {command}", result.err)
            self.assert_ends()

    def test_a_second_agent_is_none_and_nothing_runs(self):
        self.world.must("agent", "start")
        marker = pathlib.Path(self.world.root) / "ran"
        result = self.world.run([AGENT, "touch", str(marker)])
        self.assert_exit(125, result)
        self.assertIn("already running", result.err)
        self.assertFalse(marker.exists())

    def test_a_command_named_like_ours_stands_behind_dashes(self):
        result = self.world.run([AGENT, "--", "serve"])
        self.assert_exit(127, result)
        self.assert_ends()


class LinesForEvalTest(harness.E2eTest):

    def test_sh_gets_the_socket_and_loses_it_again(self):
        result = self.world.run(["sh", "-c", """
            eval "$(librettoctl agent start -s)"
            env | grep ^LIBRETTO_AGENT_SOCK
            eval "$(librettoctl agent stop -s)"
            echo ${LIBRETTO_AGENT_SOCK-unset}"""])
        self.assert_exit(0, result)
        self.assertRegex(
            result.out,
            rf"^Agent pid (\d+)\nLIBRETTO_AGENT_SOCK={self.world.socket}\n"
            r"Agent pid \1 stopped\nunset\n$")
        self.assertEqual(result.err, "")
        self.assert_no_agent()

    def test_csh_has_words_of_its_own(self):
        self.assertRegex(
            self.world.must("agent", "start", "-c"),
            rf"^setenv LIBRETTO_AGENT_SOCK '{self.world.socket}';\n"
            r"echo Agent pid \d+;\n$")
        self.assertRegex(self.world.must("agent", "stop", "-c"),
                         r"^unsetenv LIBRETTO_AGENT_SOCK;\n"
                         r"echo Agent pid \d+ stopped;\n$")

    @unittest.skipUnless(shutil.which("tcsh"), "tcsh is not installed")
    def test_tcsh_reads_them(self):
        result = self.world.run(["tcsh", "-f", "-c", """
            eval `librettoctl agent start -c`
            echo $LIBRETTO_AGENT_SOCK
            eval `librettoctl agent stop -c`"""])
        self.assertIn(f"\n{self.world.socket}\n", result.out)

    def test_without_them_the_socket_is_all_that_is_printed(self):
        self.assertEqual(self.world.must("agent", "start"),
                         f"{self.world.socket}\n")

    def test_stop_unsets_even_where_nothing_ran(self):
        self.assertEqual(self.world.must("agent", "stop", "-s"),
                         "unset LIBRETTO_AGENT_SOCK;\n")

    def test_one_form_at_a_time(self):
        for flags in (["-s", "-c"], ["-s", "--json"]):
            self.assert_exit(64, self.world.ctl("agent", "start", *flags))


if __name__ == "__main__":
    harness.main()
