"""On a terminal, too, `run` is not noticed: compared with plain exec."""

import json
import os
import pathlib
import signal
import tempfile

import harness
import run_modes


class RunOnATerminalTest(run_modes.RunModesTest):

    def test_it_sees_a_terminal_of_the_same_size(self):
        command = ["/usr/bin/python3", "-c", run_modes.SELF_PORTRAIT]
        shown = {}
        for mode in (None, *run_modes.MODES):
            terminal = self.on_terminal(mode, command)
            self.assertEqual(terminal.wait(), 0)
            told = json.loads(terminal.shown)
            shown[mode] = (told["terminals"], told["descriptors"])
        for mode in run_modes.MODES:
            self.assertEqual(shown[mode], shown[None], mode)
        self.assertEqual(shown[None][0], [[100, 40]] * 3)

    def test_a_new_size_is_told(self):
        script = (run_modes.SAYS + "def told(*_): say('size %d %d' % "
                  "os.get_terminal_size())\n"
                  "signal.signal(signal.SIGWINCH, told)\n"
                  "say('ready')\nsys.stdin.readline()\n")
        for mode in (None, *run_modes.MODES):
            with self.subTest(mode):
                terminal = self.on_terminal(mode, ["/usr/bin/python3", "-c",
                                                   script])
                terminal.expect("ready")
                terminal.resize(20, 60)
                terminal.expect("size 60 20")
                terminal.type("\n")
                self.assertEqual(terminal.wait(), 0)

    def test_what_is_typed_arrives_and_is_echoed_once(self):
        for mode in (None, *run_modes.MODES):
            with self.subTest(mode):
                terminal = self.on_terminal(mode, [
                    "/bin/sh", "-c", 'echo go; read -r a; echo "got <$a>"'])
                terminal.expect("go")
                terminal.type("hello\n")
                self.assertEqual(terminal.expect("got <hello>").split(),
                                 ["hello"])
                self.assertEqual(terminal.wait(), 0)

    def test_raw_keys_arrive_at_once(self):
        script = ("import os, sys, tty\ntty.setraw(0)\nprint('ready', "
                  "flush=True)\nprint(os.read(0, 9), flush=True)\n")
        for mode in (None, *run_modes.MODES):
            with self.subTest(mode):
                terminal = self.on_terminal(mode, ["/usr/bin/python3", "-c",
                                                   script])
                terminal.expect("ready")
                terminal.type("\x03")
                terminal.expect(r"b'\x03'")
                self.assertEqual(terminal.wait(), 0)

    def test_end_of_input_is_typed(self):
        for mode in (None, *run_modes.MODES):
            with self.subTest(mode):
                terminal = self.on_terminal(mode, ["/bin/sh", "-c",
                                                   "echo go; cat; exit 9"])
                terminal.expect("go")
                terminal.type("\x04")
                self.assertEqual(terminal.wait(), 9)

    def test_ctrl_c_and_ctrl_backslash(self):
        for mode in (None, *run_modes.MODES):
            for key, number in (("\x03", signal.SIGINT),
                                ("\x1c", signal.SIGQUIT)):
                with self.subTest(f"{mode} {number}"):
                    terminal = self.on_terminal(mode, [
                        "/bin/sh", "-c", "ulimit -c 0; echo go; exec cat"])
                    terminal.expect("go")
                    terminal.type(key)
                    self.assertEqual(terminal.wait(), -number)

    def test_ctrl_c_is_told_once(self):
        script = (run_modes.SAYS + "def told(*_): say('told')\n"
                  "signal.signal(signal.SIGINT, told)\n"
                  "say('ready')\nsys.stdin.readline()\n")
        for mode in (None, *run_modes.MODES):
            with self.subTest(mode):
                terminal = self.on_terminal(mode, ["/usr/bin/python3", "-c",
                                                   script])
                terminal.expect("ready")
                terminal.type("\x03")
                terminal.expect("told")
                terminal.type("\n")
                self.assertEqual(terminal.wait(), 0)
                self.assertNotIn(b"told", terminal.shown)

    def test_a_terminal_that_is_closed_hangs_up(self):
        marker = self.world.root / "hung-up"
        # Not reading: the end of its input would end it, too.
        script = (f"tail -f /dev/null & trap 'kill $!; echo > {marker}; exit 3'"
                  " HUP; echo go; wait")
        for mode in (None, *run_modes.MODES):
            with self.subTest(mode):
                marker.unlink(missing_ok=True)
                terminal = self.on_terminal(mode, ["/bin/sh", "-c", script])
                terminal.expect("go")
                terminal.close()
                harness.wait_for(marker.exists, "the command to be told")
                os.waitpid(terminal.pid, 0)

    def test_a_shells_job_stops_and_goes_on(self):
        for mode in (None, *run_modes.MODES):
            with self.subTest(mode):
                shell = self.on_terminal(None, ["/bin/bash", "--norc", "-i"])
                job = " ".join(f"'{word}'" for word in self.line(
                    mode, ["/bin/sh", "-c",
                           "echo g\"\"o; read -r a; echo \"got <$a>\"; "
                           "exit 6"]))
                shell.type("PS1='#'\"> \"\n")
                shell.expect("#> ")
                shell.type(job + "\n")
                shell.expect("go\r")
                shell.type("\x1a")
                shell.expect("Stopped")
                shell.expect("#> ")
                shell.type("stty -a | grep -o -e '[^ ]*ican'on\n")
                self.assertFalse(shell.expect("icanon\r").endswith("-"))
                shell.type("fg\n")
                shell.expect("fg")
                shell.type("line\n")
                shell.expect("got <line>")
                shell.expect("#> ")
                shell.type("echo code=$?\n")
                shell.expect("code=6")
                shell.type("exit\n")
                self.assertEqual(shell.wait(), 0)

    def test_the_terminal_is_as_it_was(self):
        for mode in run_modes.MODES:
            with self.subTest(mode):
                shell = self.on_terminal(None, [
                    "/bin/sh", "-c", "\n".join([
                        "before=$(stty -g)", "\"$@\"", "code=$?",
                        "[ \"$(stty -g)\" = \"$before\" ] && echo same $code"]),
                    "sh", *self.line(mode, ["/bin/sh", "-c", "exit 3"])])
                shell.expect("same 3")
                self.assertEqual(shell.wait(), 0)

    def test_only_one_of_the_outputs_is_a_terminal(self):
        command = ["/bin/sh", "-c", 'for fd in 0 1 2; do test -t $fd && '
                   'echo $fd >>"$0"; done; echo out; echo err >&2']
        for redirected in ("2>errors", ">output", "<empty", ">output 2>errors",
                           ">output 2>&1"):
            seen = {}
            for mode in (None, "mask", "on-change"):
                folder = pathlib.Path(tempfile.mkdtemp(dir=self.world.root))
                (folder / "empty").touch()
                shell = self.on_terminal(None, [
                    "/bin/sh", "-c", f'cd {folder}; "$@" {redirected}', "sh",
                    *self.line(mode, command + [str(folder / "terminals")])])
                code = shell.wait()
                seen[mode] = (code, shell.shown.replace(b"\r", b""), {
                    file.name: file.read_text()
                    for file in folder.iterdir()})
            with self.subTest(redirected):
                self.assertEqual(seen["mask"], seen[None])
                self.assertEqual(seen["on-change"], seen[None])


if __name__ == "__main__":
    harness.main()
