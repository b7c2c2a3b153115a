"""Nothing that somebody else chose reaches a terminal, a log or the audit log
raw: not from a cloud, not from the command line, not from the name of a
program."""

import json
import random
import re
import shutil
import subprocess

import harness
import hostile_cloud

PAYLOADS = 2000

# What a terminal, a log viewer or an editor acts on.
SEQUENCES = [
    "\x1b[2J\x1b[H", "\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;http://x\x07link",
    "\x1b]52;c;aGk=\x07", "\x1bP1$r0m\x1b\\", "\x1b[6n", "\x1bc", "\x1b[1A\x1b[K",
    "\r", "\n", "\r\n", "\x00", "\x07", "\x08\x08\x08", "\x0b", "\x0c", "\x0e",
    "\x7f", "\x85", "\x8d", "\x90x\x9c", "\x9b2J", "\x9d0;x\x9c", "\u200e",
    "\u200f", "\u061c", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
    "\u2066", "\u2067", "\u2068", "\u2069", "\u2028", "\u2029",
]
LINES = [
    "2026-01-01T00:00:00.000+0000 info call method=Forged outcome=OK",
    '{"seq":1,"verb":"Forged","outcome":"ok"}', "librettoctl: forged",
    "  try: rm -rf /", "x", "openai_api_key", '","outcome":"ok","x":"',
]
# C0 but the newline that ends a line, DEL, C1, and the bidirectional marks.
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u061c\u200e\u200f"
                 "\u2028-\u202e\u2066-\u2069]")


def payloads():
    dice = random.Random(20260101)
    for _ in range(PAYLOADS):
        yield "".join(dice.choice(SEQUENCES if dice.random() < 0.6 else LINES)
                      for _ in range(dice.randint(1, 6)))


class NoRawEscapesTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.cloud = hostile_cloud.HostileCloud()
        self.addCleanup(self.cloud.close)
        self.world.api_url = self.cloud.url
        config = self.world.home / ".config/libretto/agent.toml"
        config.parent.mkdir(parents=True)
        config.write_text('log_level = "trace"\nsync_interval_s = 86400\n')

    def sign_in(self, email):
        self.world.state.mkdir(mode=0o700, exist_ok=True)
        self.world.auth_file.write_text(json.dumps({
            "apiUrl": self.cloud.url,
            "session": {"cookie": "better-auth.session_token=x",
                        "userId": email, "email": email,
                        "expiresAt": email}}))
        self.world.auth_file.chmod(0o600)

    def assert_clean(self, text, where):
        found = RAW.search(text)
        if found:
            around = text[max(0, found.start() - 60):found.end() + 60]
            self.fail(f"{found.group()!r} in {where}: {around!r}")

    def assert_printed_clean(self, *arguments, lines=None, **more):
        result = self.world.run([str(harness.BIN / "librettoctl"), *arguments],
                                **more)
        for text, where in ((result.out, "stdout"), (result.err, "stderr")):
            self.assert_clean(text, f"{where} of {arguments!r}")
        if lines is not None:
            self.assertEqual(result.out.count("\n"), lines, result.out)
        self.assertLess(result.err.count("\n"), 5, result.err)
        return result

    def assert_logs_clean(self):
        log = self.world.log_file.read_text(errors="surrogateescape")
        # The last line may still be on its way.
        log = log[:log.rfind("\n") + 1]
        self.assert_clean(log, "the log")
        for line in log.splitlines():
            self.assertRegex(line, r"^20\d\d-\S+ (trace|debug|info|warning"
                                   r"|error|critical) \S", "a forged line")
            self.assertNotRegex(line, r"^2026-01-01T00:00:00.000\+0000")
        audit = (self.world.log_file.parent / "audit.jsonl").read_text()
        self.assert_clean(audit, "the audit log")
        for number, line in enumerate(audit.splitlines(), 1):
            self.assertEqual(json.loads(line)["seq"], number)

    def test_two_thousand_names_from_a_cloud(self):
        self.sign_in(self.world.email)
        texts = sorted(set(payloads()))
        self.cloud.texts = texts
        self.assert_printed_clean("cloud", "credentials", "list",
                                  lines=len(texts))
        as_json = self.assert_printed_clean("cloud", "credentials", "list",
                                            "--json")
        listed = json.loads(as_json.out)["credentials"]
        self.assertEqual(sorted(item["name"] for item in listed), texts)
        # Read under their own names, which puts them into both logs.
        template = self.world.root / "template"
        for text in [text for text in texts if "\x00" not in text][:60]:
            self.assert_printed_clean("read", text)
            self.assert_printed_clean("explain", text)
        template.write_text("".join(
            "{{ libretto://%s }}\n" % text for text in texts
            if not set(text) & set("\r\n\x00{}")))
        self.assert_printed_clean("inject", "-i", str(template))
        for more in ([], ["--json"]):
            self.assert_printed_clean("audit", "tail", "-n", "1000", *more)
        self.assert_printed_clean("audit", "who", texts[-1])
        self.assert_printed_clean("audit", "verify")
        self.assert_logs_clean()

    def test_every_other_text_of_a_cloud(self):
        """A text more or less dangerous makes no line more or less."""
        dice = random.Random(2)
        commands = (["cloud", "auth", "whoami"],
                    ["cloud", "auth", "whoami", "--json"],
                    ["cloud", "auth", "invite", "mate@example.test"],
                    ["cloud", "auth", "api-key", "list"],
                    ["cloud", "auth", "api-key", "list", "--json"],
                    ["cloud", "auth", "api-key", "revoke", "1"],
                    ["cloud", "credentials", "list"],
                    ["cloud", "credentials", "delete", "a_name"],
                    ["read", "a_name"],
                    ["agent", "status"],
                    ["agent", "status", "--json"])
        lines = {}
        for text in ["harmless"] + dice.sample(sorted(set(payloads())), 10):
            self.cloud.texts = [text]
            for self.cloud.failing in (False, True):
                self.sign_in(text)
                for arguments in commands:
                    result = self.assert_printed_clean(*arguments)
                    key = (self.cloud.failing, *arguments)
                    count = (result.out.count("\n"), result.err.count("\n"))
                    self.assertEqual(lines.setdefault(key, count), count,
                                     f"{key}: {result.out}{result.err}")
        self.assert_logs_clean()

    def test_what_is_typed(self):
        self.sign_in(self.world.email)
        dice = random.Random(3)
        typed = [text for text in payloads() if "\x00" not in text]
        for text in dice.sample(typed, 12):
            for arguments in (["read", text], ["read", "libretto://" + text],
                              ["explain", text], ["audit", "who", text],
                              [text], ["cloud", text], ["--" + text],
                              ["read", "x", "--profile", text],
                              ["run", "--credential", text, "--", "true"],
                              ["inject", "-i", "/nowhere/" + text],
                              ["import", "/nowhere/" + text],
                              ["cloud", "credentials", "delete", text]):
                self.assert_printed_clean(*arguments)
        self.assert_logs_clean()

    def test_the_name_of_a_program(self):
        self.sign_in(self.world.email)
        folder = self.world.root / "\x1b]0;title\x07\n\u202e"
        folder.mkdir()
        program = folder / "\x1b[31mforged\n"
        shutil.copy(harness.BIN / "librettoctl", program)
        done = subprocess.run([program, "read", "a_name"],
                              env=self.world.environment(), timeout=30,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)
        self.assertEqual(done.stdout, b"a plain value\n", done.stderr)
        self.assert_printed_clean("audit", "tail")
        self.assert_printed_clean("audit", "who", "a_name")
        self.assert_printed_clean("explain", "a_name")
        self.assert_logs_clean()
        tail = self.world.must("audit", "tail")
        self.assertIn("forged", tail)

    def test_a_changed_audit_log_is_shown_with_care(self):
        self.sign_in(self.world.email)
        self.world.must("read", "a_name")
        self.world.must("agent", "stop")
        log = self.world.log_file.parent / "audit.jsonl"
        with open(log, "a", encoding="utf-8") as file:
            file.write("\x1b[2J\u202e raw\n"
                       '{"time":"\\u001b[2J","verb":"\\u202e","name":"\\n"}\n')
        for arguments in (["audit", "tail"], ["audit", "tail", "--json"],
                          ["audit", "who", "a_name"], ["audit", "verify"]):
            self.assert_printed_clean(*arguments)


if __name__ == "__main__":
    harness.main()
