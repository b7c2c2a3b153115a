"""`env` prints what shells and programs take for the same values."""

import json
import shutil
import time
import unittest

import harness

# Whatever a shell might make something of.
TRICKY = {
    "quotes": "it's \"so\" `then`",
    "lines": "one\ntwo\r\n\nfour\n",
    "slashes": "\\ \\\\ \\n \\' C:\\dir\\",
    "dollars": "$HOME $(id) ${X} $'a' !! !$ %s",
    "globs": "* ? [a] {b,c} ~ # ; & | < >",
    "unicode": "grün 鍵 🔑 \u202e",
    "spaces": "  \t two  ",
    "dash": "-n",
}


class EnvHookTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()

    def store_tricky(self):
        for name, value in TRICKY.items():
            # Of its end one newline is dropped.
            self.world.store(name, value + "\n")
        return {"LIBRETTO_CLOUD_" + name.upper(): value
                for name, value in TRICKY.items()}

    def seen_by(self, *shell):
        """LIBRETTO_CLOUD_* of a command under a shell that has run a hook."""
        result = self.world.run([*shell])
        self.assert_exit(0, result)
        entries = (e.split("=", 1) for e in result.out.split("\0") if e)
        return {name: value for name, value in entries
                if name.startswith("LIBRETTO_CLOUD_")}

    def test_posix_shells_get_every_byte(self):
        expected = self.store_tricky()
        for shell in ("bash", "sh"):
            for word in ("bash", "direnv"):
                with self.subTest(shell=shell, format=word):
                    self.assertEqual(expected, self.seen_by(
                        shell, "-c", 'eval "$(librettoctl env --all '
                        f'--format={word})" && env -0'))

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_gets_every_byte(self):
        expected = self.store_tricky()
        self.assertEqual(expected, self.seen_by(
            "fish", "--no-config", "-c",
            "librettoctl env --all --format=fish | source; env -0"))

    def test_json_has_every_value(self):
        expected = self.store_tricky()
        out = self.world.must("env", "--all", "--format=json")
        self.assertEqual(json.loads(out), expected)
        self.assertEqual(self.world.must("env", "--all", "--json"), out)

    def test_dotenv_is_what_an_env_file_reads(self):
        value = self.world.store("username")
        out = self.world.must("env", "--credential", "username",
                              "--env", "OTHER=libretto://username",
                              "--format=dotenv")
        self.assertEqual(sorted(out.splitlines()), sorted(
            [f"LIBRETTO_CLOUD_USERNAME='{value}'", f"OTHER='{value}'"]))

    def test_the_project_file_says_what_and_a_new_value_wins(self):
        self.world.store("username", "new")
        project = self.world.root / "project"
        project.mkdir()
        (project / ".env.libretto").write_text(
            "USER_NAME=libretto://username\nLEVEL=debug\n")
        env = self.world.environment(USER_NAME="old")
        out = self.world.must("env", cwd=project, env=env)
        self.assertEqual(out, "export LEVEL='debug'\nexport USER_NAME='new'\n")

    def test_a_name_that_is_code_does_not_reach_a_shell(self):
        (self.world.root / ".env.libretto").write_text("A;touch ran=1\n")
        result = self.world.ctl("env", cwd=self.world.root)
        self.assert_exit(64, result)
        self.assertEqual(result.out, "")

    def test_without_anything_named_there_is_nothing_to_print(self):
        result = self.world.ctl("env", cwd=self.world.root)
        self.assert_exit(0, result)
        self.assertEqual(result.out + result.err, "")

    def test_a_hook_is_fast_and_silent_when_the_agent_is_away(self):
        self.world.must("agent", "stop")
        for word in ("bash", "fish", "direnv"):
            begin = time.monotonic()
            result = self.world.ctl("env", "--credential", "username",
                                    "--format", word)
            self.assertLess(time.monotonic() - begin, 1 * harness.PATIENCE)
            self.assert_exit(0, result)
            self.assertEqual(result.out + result.err, "")
        for word in ("json", "dotenv"):
            result = self.world.ctl("env", "--credential", "username",
                                    "--format", word)
            self.assert_exit(2, result)
            self.assertEqual(result.out, "")
        self.assertEqual(self.world.agents(), [])

    def test_what_is_missing_is_an_error(self):
        result = self.world.ctl("env", "--credential", "nobody")
        self.assert_exit(5, result)
        self.assert_explained(result)
        self.world.must("env", "--credential", "nobody", "--allow-missing")


if __name__ == "__main__":
    harness.main()
