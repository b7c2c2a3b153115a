"""`run --mask`: values do not get out, and everything else does, at once."""

import os
import pathlib
import signal

import harness
import run_modes


class RunMasksTest(run_modes.RunModesTest):

    def masked(self, script, *more, **how):
        return self.world.ctl(
            "run", "--mask", "--credential", "username", *more, "--",
            "/bin/sh", "-c", script,
            env=self.world.environment(**how) if how else None)

    def test_each_output_for_itself(self):
        result = self.masked("echo \"out <$LIBRETTO_CLOUD_USERNAME>\";"
                             "echo \"err <$LIBRETTO_CLOUD_USERNAME>\" >&2")
        self.assertEqual(result.out, "out <[libretto:username]>\n")
        self.assertEqual(result.err, "err <[libretto:username]>\n")

    def test_both_in_one_place_keep_their_order(self):
        lines = "".join(f"echo {i}; echo {i} >&2;" for i in range(50))
        done = self.world.run(
            ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh",
             *self.line("mask", ["/bin/sh", "-c", lines])])
        self.assertEqual(done.out.split(),
                         [str(i) for i in range(50) for _ in range(2)])

    def test_what_usual_programs_make_of_a_value(self):
        self.world.store("odd", "p/\u00e9 \"x\"\n+w?")
        script = r"""
import base64, binascii, json, os, urllib.parse
value = os.environb[b"LIBRETTO_CLOUD_ODD"]
text = value.decode()
print(text)
print(base64.b64encode(b"user:" + value).decode())
print(base64.urlsafe_b64encode(value).decode())
print(binascii.hexlify(value).decode(), value.hex().upper())
print(urllib.parse.quote(text), urllib.parse.quote_plus(text))
print(json.dumps({"a": text}), json.dumps(text, ensure_ascii=False))
"""
        result = self.world.ctl("run", "--mask", "--credential", "odd", "--",
                                "/usr/bin/python3", "-c", script)
        self.assert_exit(0, result)
        self.assertEqual(result.out.count("[libretto:odd]"), 9, result.out)
        for left in ("p/", "%22x", "\\u00e9", "2b77", "2B77"):
            self.assertNotIn(left, result.out)

    def test_a_value_in_pieces_with_pauses_is_not_shown_whole(self):
        value = self.value
        command = self.start("mask", ["/usr/bin/python3", "-c", (
            "import os, sys\n"
            "for c in os.environ['LIBRETTO_CLOUD_USERNAME']:\n"
            "    os.write(1, c.encode())\n"
            "sys.stdin.readline()\n"
            "os.write(1, b' end')\n")])
        command.stdin.write("\n")
        command.stdin.close()
        self.assertEqual(command.stdout.read().replace(value[:8], ""),
                         "[libretto:username] end")

    def test_a_prompt_that_could_begin_a_value_appears(self):
        begin = self.value[:3]
        command = self.start("mask", ["/bin/sh", "-c",
                                      f"printf 'go on? {begin}'; read -r x"])
        self.assertEqual(command.stdout.read(7 + len(begin)),
                         f"go on? {begin}")

    def test_much_output_arrives_whole(self):
        result = self.masked("seq 1 200000")
        self.assertEqual(result.out,
                         "".join(f"{i}\n" for i in range(1, 200001)))

    def test_who_does_not_read_any_more_is_noticed(self):
        result = self.world.run(
            ["/bin/bash", "-c", '"$@" | head -1; echo ${PIPESTATUS[0]}', "sh",
             *self.line("mask", ["/usr/bin/yes"])])
        self.assertEqual(result.out, f"y\n{128 + signal.SIGPIPE}\n")

    def test_colours_and_progress_stay_on_a_terminal(self):
        text = "\\033[31mred\\033[0m 10%%\\r20%%\\r"
        terminal = self.on_terminal("mask", [
            "/bin/sh", "-c", f"test -t 1 && printf '{text}'; "
            'echo "$LIBRETTO_CLOUD_USERNAME"; '
            'echo "$LIBRETTO_CLOUD_USERNAME" >/dev/tty'])
        self.assertEqual(terminal.wait(), 0)
        self.assertEqual(
            terminal.shown, b"\x1b[31mred\x1b[0m 10%\r20%\r"
            b"[libretto:username]\r\n[libretto:username]\r\n")

    def test_what_is_too_short_is_named(self):
        self.world.store("pin", "123")
        result = self.world.ctl("run", "--mask", "--credential", "pin", "--",
                                "/usr/bin/printenv", "LIBRETTO_CLOUD_PIN")
        self.assertEqual(result.out, "123\n")
        self.assertIn("too short to be masked, so shown as they are: pin",
                      result.err)

    def test_who_stays_behind_has_no_value_in_its_environment(self):
        command = self.start("mask", ["/bin/sh", "-c", "echo $PPID; cat"])
        pid = int(command.stdout.readline())
        self.assertEqual(pid, command.pid)
        for what in ("environ", "cmdline"):
            self.assertNotIn(self.value.encode(),
                             pathlib.Path(f"/proc/{pid}/{what}").read_bytes())

    def test_the_cloud_key_is_handed_over_and_masked(self):
        script = 'printf "%s " "$LIBRETTO_API_KEY" "$LIBRETTO_API_URL"'
        open_ = self.world.ctl("run", "--cloud-key", "--", "/bin/sh", "-c",
                               script)
        key, url = open_.out.split()
        self.assertEqual(len(key), 64)
        self.assertEqual(url, self.world.api_url)
        self.assertIn("reaches everything of the organisation", open_.err)
        self.assertEqual(
            self.world.get("/api/auth/get-session", **{"x-api-key": key})
            ["user"]["email"], self.world.email)
        masked = self.world.ctl("run", "--mask", "--cloud-key", "--",
                                "/bin/sh", "-c", script)
        self.assertEqual(masked.out.split(), ["[libretto:api_key]", url])
        # Nobody gets it who has not asked for it.
        plain = self.masked(script)
        self.assertNotIn("api_key", plain.out)


if __name__ == "__main__":
    harness.main()
