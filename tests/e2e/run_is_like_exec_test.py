"""`run` is not noticed: in each of its modes it is compared with plain exec."""

import os
import signal

import harness
import run_modes


class RunIsLikeExecTest(run_modes.RunModesTest):

    def test_exit_codes(self):
        for mode in run_modes.MODES:
            for code in (0, 1, 2, 63, 64, 125, 126, 127, 128, 143, 255):
                with self.subTest(f"{mode} {code}"):
                    command = self.start(mode, ["/bin/sh", "-c",
                                                f"exit {code}"])
                    self.assertEqual(command.wait(), code)

    def test_what_cannot_be_executed(self):
        for mode in run_modes.MODES:
            for command, code in (("no-such-command", 127),
                                  ("/etc/passwd", 126)):
                with self.subTest(f"{mode} {command}"):
                    process = self.start(mode, [command])
                    self.assertIn("librettoctl: cannot run",
                                  process.stderr.read())
                    self.assertEqual(process.wait(), code)

    def test_signals_that_the_command_dies_of(self):
        names = ("HUP INT QUIT ILL TRAP ABRT FPE KILL BUS USR1 SEGV USR2 PIPE "
                 "ALRM TERM XCPU XFSZ VTALRM PROF SYS").split()
        for mode in run_modes.MODES:
            for name in names:
                with self.subTest(f"{mode} {name}"):
                    command = self.start(mode, ["/bin/sh", "-c",
                                                f"ulimit -c 0; kill -{name} $$"])
                    number = getattr(signal, "SIG" + name)
                    self.assertEqual(command.wait(), -number)

    def test_signals_that_are_sent_to_us_reach_the_command_once(self):
        names = "HUP INT QUIT USR1 USR2 TERM ALRM WINCH TSTP RTMIN".split()
        script = (run_modes.SAYS + "def told(n, _): say(signal.Signals(n).name)\n"
                  + "".join(f"signal.signal(signal.SIG{n}, told)\n"
                            for n in names)
                  + "say('ready')\n"
                  "for line in sys.stdin: say('end')\n")
        for mode in run_modes.MODES:
            with self.subTest(mode):
                command = self.start(mode, ["/usr/bin/python3", "-c", script],
                                     start_new_session=True)
                self.assertEqual(command.stdout.readline(), "ready\n")
                for name in names:
                    command.send_signal(getattr(signal, "SIG" + name))
                    self.assertEqual(command.stdout.readline(),
                                     f"SIG{name}\n")
                command.stdin.write("\n")
                command.stdin.close()
                self.assertEqual(command.stdout.read(), "end\n")
                self.assertEqual(command.wait(), 0)

    def test_a_kill_that_cannot_be_caught_ends_the_command_too(self):
        for mode in run_modes.MODES:
            with self.subTest(mode):
                command = self.start(mode, ["/bin/sh", "-c", "echo $$; cat"])
                pid = int(command.stdout.readline())
                command.kill()
                self.assertEqual(command.wait(), -signal.SIGKILL)
                harness.wait_for(lambda: not harness.exists(pid),
                                 "the command to be gone")

    def test_stopping_and_going_on_are_seen_from_outside(self):
        for mode in run_modes.MODES:
            for number in (signal.SIGTSTP, signal.SIGSTOP, signal.SIGTTIN):
                with self.subTest(f"{mode} {number}"):
                    # Not in a session of its own: there nothing stops by TSTP.
                    command = self.start(mode, ["/bin/sh", "-c",
                                                "echo $$; cat; exit 5"],
                                         process_group=0)
                    pid = int(command.stdout.readline())
                    os.kill(pid, number)
                    _, status = os.waitpid(command.pid, os.WUNTRACED)
                    self.assertTrue(os.WIFSTOPPED(status))
                    self.assertEqual(os.WSTOPSIG(status), number)
                    os.kill(command.pid, signal.SIGCONT)
                    command.stdin.close()
                    self.assertEqual(command.wait(), 5)

    def test_it_gets_what_it_would_have_got(self):
        def prepare():
            os.umask(0o027)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})

        plain = self.portrait(None, prepare, cwd="/usr/share")
        for mode in run_modes.MODES:
            with self.subTest(mode):
                self.assertEqual(self.portrait(mode, prepare,
                                               cwd="/usr/share"), plain)

    def test_descriptors_that_are_closed_stay_closed(self):
        for closing in ("<&-", "2>&-", "<&- 2>&-"):
            script = f'exec "$@" 7</dev/null {closing}'
            wrap = ["/bin/sh", "-c", script, "sh"]
            command = ["/bin/ls", "/proc/self/fd"]
            plain = self.world.run(wrap + command)
            for mode in run_modes.MODES:
                with self.subTest(f"{mode} {closing}"):
                    result = self.world.run(wrap + self.line(mode, command))
                    here = set(result.out.split())
                    # A memfd more, where values are delivered so.
                    self.assertEqual(len(here), len(plain.out.split()) +
                                     (mode == "fd"), result)

    def test_where_nothing_stays_behind_the_process_is_the_same(self):
        for mode in run_modes.MODES:
            with self.subTest(mode):
                command = self.start(mode, ["/bin/sh", "-c", "echo $$"])
                same = int(command.stdout.readline()) == command.pid
                self.assertEqual(same, mode in run_modes.GONE)

    def test_what_it_leaves_running_goes_on_writing(self):
        script = "(read -r line; echo \"late $line\"; exit) <&3 & exit 4"
        for mode in run_modes.MODES:
            with self.subTest(mode):
                command = self.start(mode, ["/bin/sh", "-c",
                                            "exec 3<&0; " + script])
                self.assertEqual(command.wait(), 4)
                command.stdin.write("text\n")
                command.stdin.close()
                self.assertEqual(command.stdout.read(), "late text\n")


if __name__ == "__main__":
    harness.main()
