"""The passphrase is asked for where somebody can answer, and nowhere else."""

import harness
from terminal import Terminal


class PassphrasePromptsTest(harness.E2eTest):

    def locked(self):
        self.world.enrolled()
        self.value = self.world.store("username")
        self.world.must("agent", "lock")

    def terminal(self, *arguments, **environment):
        terminal = Terminal(self.world, *arguments, **environment)
        self.addCleanup(terminal.close)
        return terminal

    def script(self, name, text):
        folder = self.world.root / "programs"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o700)
        return path

    def test_enrolling_asks_twice(self):
        self.world.signed_up()
        terminal = self.terminal("agent", "enroll")
        terminal.answer("New passphrase", self.world.passphrase, secret=True)
        terminal.answer("The same again", self.world.passphrase, secret=True)
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(self.world.passphrase, terminal.shown)
        self.assertFalse(self.world.auth_file.exists())

    def test_two_that_differ_change_nothing(self):
        self.world.signed_up()
        terminal = self.terminal("agent", "enroll")
        terminal.answer("New passphrase", self.world.passphrase, secret=True)
        terminal.answer("The same again", "something else", secret=True)
        self.assertEqual(terminal.end(), 64)
        self.assertTrue(self.world.auth_file.exists())

    def test_a_command_that_meets_a_locked_agent_asks_and_goes_on(self):
        self.locked()
        terminal = self.terminal("read", "username")
        terminal.expect("The agent is locked.\n")
        terminal.answer("Passphrase", "not it", secret=True)
        terminal.expect("The passphrase is wrong.\n")
        terminal.answer("Passphrase", self.world.passphrase, secret=True)
        self.assertEqual(terminal.end(), 0)
        self.assertTrue(terminal.shown.endswith(f"\n{self.value}\n"),
                        terminal.shown)

    def test_so_does_run(self):
        self.locked()
        terminal = self.terminal("run", "--credential", "username", "--",
                                 "/bin/sh", "-c",
                                 'test "$LIBRETTO_CLOUD_USERNAME" = "$0"',
                                 self.value)
        terminal.answer("Passphrase", self.world.passphrase, secret=True)
        self.assertEqual(terminal.end(), 0)

    def test_three_wrong_ones_are_enough(self):
        self.locked()
        terminal = self.terminal("agent", "unlock")
        for _ in range(3):
            terminal.answer("Passphrase", "not it", secret=True)
        self.assertEqual(terminal.end(), 4)
        self.assertEqual(self.world.session(), "locked")

    def test_who_does_not_want_to_says_so(self):
        self.locked()
        terminal = self.terminal("read", "username")
        terminal.expect("Passphrase: ")
        terminal.interrupt()
        self.assertEqual(terminal.end(), 1)
        self.assertIn("Aborted.", terminal.shown)

    def test_with_nobody_to_ask_it_names_the_flag(self):
        self.locked()
        for verb in ("unlock", "unenroll", "enroll"):
            result = self.world.ctl("agent", verb)
            self.assert_exit(64, result)
            self.assertIn("--passphrase-stdin", result.err)
            self.assertLess(result.seconds, 2 * harness.PATIENCE)
        result = self.world.ctl("read", "username")
        self.assert_exit(4, result)

    def test_a_script_asks_nobody(self):
        self.locked()
        askpass = self.script("askpass", f"echo {self.world.passphrase}\n")
        result = self.world.ctl("read", "username", env=self.world.environment(
            SSH_ASKPASS=str(askpass), DISPLAY=":9"))
        self.assert_exit(4, result)
        self.assertEqual(self.world.session(), "locked")

    def test_ssh_askpass(self):
        self.locked()
        prompt = self.world.root / "prompt"
        askpass = self.script("askpass", f'printf %s "$1" >{prompt}\n'
                              f"echo {self.world.passphrase}\n")
        result = self.world.ctl("agent", "unlock", env=self.world.environment(
            SSH_ASKPASS=str(askpass), DISPLAY=":9"))
        self.assert_exit(0, result)
        self.assertEqual(prompt.read_text(), "Passphrase: ")
        self.assertEqual(self.world.read("username"), self.value)

    def test_ssh_askpass_needs_a_display_or_to_be_required(self):
        self.locked()
        askpass = self.script("askpass", f"echo {self.world.passphrase}\n")
        environment = {"SSH_ASKPASS": str(askpass)}
        self.assert_exit(64, self.world.ctl(
            "agent", "unlock", env=self.world.environment(**environment)))
        self.assert_exit(64, self.world.ctl(
            "agent", "unlock", env=self.world.environment(
                SSH_ASKPASS_REQUIRE="never", DISPLAY=":9", **environment)))
        self.assert_exit(0, self.world.ctl(
            "agent", "unlock", env=self.world.environment(
                SSH_ASKPASS_REQUIRE="force", **environment)))

    def test_ssh_askpass_may_say_no(self):
        self.locked()
        askpass = self.script("askpass", "exit 1\n")
        result = self.world.ctl("agent", "unlock", env=self.world.environment(
            SSH_ASKPASS=str(askpass), DISPLAY=":9"))
        self.assert_exit(1, result)
        self.assertIn("Aborted.", result.err)

    def test_a_program_that_is_not_there(self):
        self.locked()
        result = self.world.ctl("agent", "unlock", env=self.world.environment(
            SSH_ASKPASS="/nowhere/askpass", DISPLAY=":9"))
        self.assert_exit(1, result)

    def pinentry(self, answer):
        """A stand-in that speaks the protocol."""
        return self.script("pinentry", f"""
echo "OK Pleased to meet you"
while read -r line; do
  case $line in
    GETPIN) {answer} ;;
    BYE) echo OK; exit ;;
    SET*) echo OK ;;
    *) echo "ERR 1 unknown" ;;
  esac
done
""")

    def unlock_with_pinentry(self, program):
        path = f"{program.parent}:{harness.BIN}:/usr/bin:/bin"
        return self.world.ctl("agent", "unlock", env=self.world.environment(
            DISPLAY=":9", PATH=path))

    def test_pinentry(self):
        # With a character that the protocol escapes.
        self.world.passphrase = self.world.secret("passphrase") + "%1"
        self.locked()
        escaped = self.world.passphrase.replace("%", "%25")
        result = self.unlock_with_pinentry(
            self.pinentry(f"echo 'D {escaped}'; echo OK"))
        self.assert_exit(0, result)

    def test_pinentry_may_be_cancelled(self):
        self.locked()
        result = self.unlock_with_pinentry(
            self.pinentry("echo 'ERR 83886179 Operation cancelled'"))
        self.assert_exit(1, result)
        self.assertIn("Aborted.", result.err)

    def test_pinentry_that_ends_at_once(self):
        self.locked()
        result = self.unlock_with_pinentry(self.script("pinentry", "exit 2\n"))
        self.assert_exit(1, result)

    def test_a_short_one_is_refused(self):
        self.world.signed_up()
        result = self.world.ctl("agent", "enroll", "--passphrase-stdin",
                                stdin="short")
        self.assert_exit(64, result)
        self.assertIn("8 to 1024 bytes", result.err)
        self.assertTrue(self.world.auth_file.exists())


if __name__ == "__main__":
    harness.main()
