"""What each way of delivery hides, and what it does not: docs/cli.md's table."""

import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile
import threading

import harness

CTL = str(harness.BIN / "librettoctl")

# Prints "PID" of the command and of its grandchild, then what the variables
# lead to in both, and waits for the end of its input.
SCRIPT = r"""
grandchild() { /bin/sh -c 'echo $$; cat "$USER_FILE" 2>&-; echo; cat'; }
echo $$
if [ -n "$USER_FILE" ]; then cat "$USER_FILE"; else printf %s "$USER_VALUE"; fi
echo
grandchild
"""


class DeliveryTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        # /tmp may be a disk.
        self.memory = pathlib.Path(tempfile.mkdtemp(prefix="libretto-e2e-",
                                                    dir="/dev/shm"))
        self.addCleanup(shutil.rmtree, self.memory, ignore_errors=True)
        self.world.runtime = self.memory
        self.world.socket = self.memory / "libretto" / "agent.sock"
        self.world.signed_up()
        self.value = self.world.store("username")

    def start(self, mode, script=SCRIPT, variable=None, **more):
        variable = variable or ("USER_VALUE" if mode == "env" else "USER")
        command = subprocess.Popen(
            [CTL, "run", "--deliver", mode, "--env",
             f"{variable}=libretto://username", "--", "/bin/sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.world.environment(), text=True,
            start_new_session=True, **more)
        self.addCleanup(self.end, command)
        return command

    @staticmethod
    def end(command):
        command.stdin.close()
        command.stdout.close()
        command.stderr.close()
        command.kill()
        command.wait()

    def folders(self):
        return list((self.memory / "libretto").glob("run-*"))

    def wait_until_removed(self):
        harness.wait_for(lambda: not self.folders(), "the files to be removed")

    def shows_value(self, pid, what):
        data = pathlib.Path(f"/proc/{pid}/{what}").read_bytes()
        return self.value.encode() in data

    def look(self, mode):
        """({where the value is to be seen}, what the grandchild can read)"""
        command = self.start(mode)
        pid = int(command.stdout.readline())
        self.assertEqual(pid, command.pid, "run is still there")
        self.assertEqual(command.stdout.readline().strip(), self.value)
        grandchild = int(command.stdout.readline())
        read = command.stdout.readline().strip()
        seen = {f"{whose} {what}"
                for whose, number in (("its", pid),
                                      ("grandchild's", grandchild))
                for what in ("environ", "cmdline")
                if self.shows_value(number, what)}
        command.stdin.close()
        self.assertEqual(command.wait(), 0, command.stderr.read())
        return seen, read == self.value

    def test_env_is_seen_in_the_environ_of_all_descendants(self):
        self.assertEqual(self.look("env"),
                         ({"its environ", "grandchild's environ"}, False))

    def test_fd_is_in_no_environ_but_descendants_inherit_it(self):
        self.assertEqual(self.look("fd"), (set(), True))

    def test_file_is_in_no_environ_but_descendants_can_read_it(self):
        self.assertEqual(self.look("file"), (set(), True))
        self.wait_until_removed()

    def test_a_descriptor_cannot_be_changed_and_begins_at_the_start(self):
        command = self.start("fd", script="""
            n=${USER_FILE##*/}; readlink /proc/self/fd/$n
            { printf x >&$n; } 2>&- || echo sealed
            cat <&$n; echo; cat "$USER_FILE"; echo; echo "${USER-unset}"
            """)
        out, err = command.communicate()
        self.assertEqual(
            out.splitlines(),
            ["/memfd:libretto (deleted)", "sealed", self.value, self.value,
             "unset"], err)

    def test_no_descriptor_is_left_but_the_values(self):
        for mode, more in (("env", 0), ("fd", 1), ("file", 0)):
            result = self.world.ctl("run", "--deliver", mode, "--credential",
                                    "username", "--", "/bin/ls",
                                    "/proc/self/fd")
            # 0 to 2, and ls reading the folder.
            self.assertEqual(len(result.out.split()), 4 + more,
                             mode + result.out + result.err)

    def test_the_command_has_no_child_that_it_does_not_know(self):
        command = self.start(
            "file", "read -r c </proc/$$/task/$$/children; echo \"[$c]\"")
        out, err = command.communicate()
        self.assertEqual(out, "[]\n", err)

    def test_a_file_is_its_owners_alone(self):
        command = self.start("file", script='echo "$USER_FILE"; cat')
        path = pathlib.Path(command.stdout.readline().strip())
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(path.parent.stat().st_mode), 0o700)
        self.assertEqual(path.read_text(), self.value)

    def test_files_go_whatever_ends_the_command(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
            command = self.start("file", script='echo "$USER_FILE"; cat')
            self.assertTrue(pathlib.Path(
                command.stdout.readline().strip()).exists())
            os.kill(command.pid, number)
            self.assertEqual(command.wait(), -number)
            self.wait_until_removed()

    def test_files_go_when_the_command_cannot_be_run(self):
        result = self.world.ctl("run", "--deliver", "file", "--credential",
                                "username", "--", "no-such-command")
        self.assert_exit(127, result)
        self.wait_until_removed()

    def test_files_stay_while_the_whole_session_is_told_to_end(self):
        # As a terminal does when it is closed; the command wants to go on.
        command = self.start(
            "file", script="trap '' HUP TERM; echo \"$USER_FILE\"; cat")
        path = pathlib.Path(command.stdout.readline().strip())
        for number in (signal.SIGHUP, signal.SIGTERM):
            os.killpg(command.pid, number)
        self.assertTrue(path.exists())
        command.stdin.close()
        self.assertEqual(command.wait(), 0)
        self.wait_until_removed()

    def removers(self):
        return [pid for pid, argv in harness.processes()
                if argv[1:2] == ["remove-when-it-has-ended"]
                and argv[2].startswith(str(self.memory))]

    def test_who_removes_them_holds_no_value_and_nobodys_pipe(self):
        command = self.start("file", script='echo "$USER_FILE"; cat')
        command.stdout.readline()
        remover, = self.removers()
        self.assertEqual(
            pathlib.Path(f"/proc/{remover}/environ").read_bytes(), b"")
        self.assertEqual(os.getsid(remover) == os.getsid(command.pid), False)
        links = {os.readlink(link) for link in
                 pathlib.Path(f"/proc/{remover}/fd").iterdir()}
        self.assertEqual({link for link in links if "pidfd" not in link},
                         {"/dev/null"})
        self.assertFalse(in_memory(remover, self.value.encode()))
        self.assertTrue(in_memory(os.getpid(), self.value.encode()),
                        "the search finds nothing at all")

    def test_who_waits_for_our_pipe_does_not_wait_for_the_remover(self):
        reader = threading.Thread(target=lambda: self.world.must(
            "run", "--deliver", "file", "--credential", "username", "--",
            "true"))
        reader.start()
        reader.join(10 * harness.PATIENCE)
        self.assertFalse(reader.is_alive())

    def test_no_tmpfs_no_file(self):
        for runtime in (None, "/proc", str(self.world.root)):
            if runtime and os.statvfs(runtime).f_fsid == os.statvfs(
                    self.memory).f_fsid:
                continue
            result = self.world.ctl(
                "run", "--deliver", "file", "--credential", "username", "--",
                "true", env=self.world.environment(
                    XDG_RUNTIME_DIR=runtime,
                    LIBRETTO_AGENT_SOCK=str(self.world.socket)))
            self.assert_exit(125, result)
            self.assertIn("--deliver fd", result.err)

    def test_a_nul_goes_through_descriptors_and_files(self):
        self.world.store("binary", "a\0b")
        for mode in ("fd", "file"):
            result = self.world.ctl(
                "run", "--deliver", mode, "--env", "B=libretto://binary", "--",
                "/bin/sh", "-c", 'od -An -c "$B_FILE"')
            self.assertEqual(result.out.split(), ["a", "\\0", "b"], result.err)

    def test_a_word_that_is_no_way_is_a_usage_error(self):
        result = self.world.ctl("run", "--deliver", "mail", "--all", "--",
                                "true")
        self.assert_exit(64, result)

    def test_the_removers_verb_does_nothing_when_typed(self):
        precious = self.memory / "precious"
        precious.mkdir()
        result = self.world.ctl("remove-when-it-has-ended", precious)
        self.assert_exit(64, result)
        self.assertTrue(precious.exists())


def in_memory(pid, wanted):
    """Whether what a process has written holds `wanted`."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            area, rights = line.split()[:2]
            if "rw" not in rights:
                continue
            begin, end = (int(word, 16) for word in area.split("-"))
            memory.seek(begin)
            try:
                if wanted in memory.read(end - begin):
                    return True
            except OSError:
                continue
    return False


if __name__ == "__main__":
    harness.main()
