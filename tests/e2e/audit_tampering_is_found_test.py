"""A record that was changed, dropped, moved or cut off shows, also across
rotated files."""

import json
import os
import shutil
import signal

import audit_format
import harness

NAMES = 150  # read at once; a file of 64 KiB has room for fewer records


class AuditTamperingTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.log = audit_format.AuditLog(self.world)
        self.config("audit_file_kib = 64\n")

    def config(self, text):
        file = self.world.home / ".config/libretto/agent.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def rotated(self, files=3):
        """An agent that is stopped, and a log of several files."""
        self.world.signed_up()
        self.world.store("username")
        template = self.world.root / "template"
        # None of them exists but the first.
        template.write_text("{{ libretto://username }}" + "".join(
            "{{ libretto://missing_%d }}" % i for i in range(NAMES)))
        while len(self.log.files()) < files:
            self.world.ctl("inject", "-i", str(template))
        self.world.must("agent", "stop")
        self.assert_fine()

    def verify(self):
        result = self.world.ctl("audit", "verify", "--json")
        found = json.loads(result.out)
        self.assertEqual(result.code, 0 if found["ok"] else 1, result.err)
        return found

    def assert_fine(self):
        found = self.verify()
        self.assertTrue(found["ok"], found)
        self.assertEqual(found["last"], self.log.records()[-1]["seq"])
        return found

    def assert_found(self, kind, record):
        found = self.verify()
        self.assertFalse(found["ok"], f"{kind} of {record} is not found")
        self.assertEqual((found["kind"], found["record"]), (kind, record),
                         found["text"])
        said = self.world.ctl("audit", "verify")
        self.assertEqual(said.code, 1)
        self.assertIn("not as it was written", said.err)

    def with_lines(self, file, change):
        lines = file.read_text().splitlines(keepends=True)
        change(lines)
        file.write_text("".join(lines))

    def each_way(self):
        """(file, change of its lines, what is found, at which record)."""
        files = self.log.files()
        first = {file: json.loads(file.read_text().split("\n")[0])["seq"]
                 for file in files}
        last = self.log.records()[-1]["seq"]

        def change(lines):
            lines[3] = lines[3].replace('"outcome":"', '"outcome":"x')

        def swap(lines):
            lines[4], lines[6] = lines[6], lines[4]

        def repeat(lines):
            lines.insert(5, lines[4])

        def drop(index):
            return lambda lines: lines.pop(index)

        def cut(lines):
            del lines[5:]

        def cut_in_a_line(lines):
            lines[-1] = lines[-1][:-30]

        for file in files:
            at = first[file]
            yield file, change, "changed", at + 3
            yield file, drop(3), "missing", at + 3
            yield file, swap, "out_of_order", at + 4
            yield file, repeat, "out_of_order", at + 4
            yield file, drop(0), "missing", at
        yield files[0], drop(-1), "missing", first[files[1]] - 1
        yield files[0], cut, "missing", first[files[0]] + 5
        yield files[-1], drop(-1), "cut", last
        yield files[-1], cut, "cut", first[files[-1]] + 5
        yield files[-1], cut_in_a_line, "cut", last

    def test_each_way_is_found_in_each_file(self):
        self.rotated()
        kept = self.world.root / "kept"
        shutil.copytree(self.log.file.parent, kept)
        for file, change, kind, record in self.each_way():
            with self.subTest(f"{kind} in {file.name}", record=record):
                self.with_lines(file, change)
                self.assert_found(kind, record)
            shutil.copy(kept / file.name, file)
        self.assert_fine()

    def test_a_whole_file_is_missed(self):
        self.rotated()
        for file in self.log.files():
            with self.subTest(file.name):
                away = self.world.root / "away"
                file.rename(away)
                self.assertNotEqual(
                    self.world.ctl("audit", "verify").code, 0)
                away.rename(file)
        self.assert_fine()

    def test_two_files_that_change_places_are_found(self):
        self.rotated()
        one, two = self.log.files()[:2]
        texts = one.read_text(), two.read_text()
        one.write_text(texts[1])
        two.write_text(texts[0])
        self.assertNotEqual(self.world.ctl("audit", "verify").code, 0)

    def test_it_still_shows_after_the_agent_has_gone_on(self):
        self.rotated()
        last = self.log.records()[-1]["seq"]
        self.with_lines(self.log.file, lambda lines: lines.pop())
        self.world.ctl("read", "username")
        self.assert_found("missing", last)

    def test_a_running_agent_knows_what_it_wrote(self):
        """Who has the key can write a log that fits; not one that ends as the
        agent remembers."""
        self.world.signed_up()
        self.world.store("username")
        self.world.read("username")
        self.assertEqual(self.assert_fine()["end_known_by"],
                         "the running agent")

        def forge(record):
            if record.get("name") == "username":
                record["name"] = "something_else"

        self.log.write_anew(forge)
        self.log.check()
        found = self.verify()
        self.assertFalse(found["ok"])
        self.assertEqual(found["kind"], "changed")
        self.assertIn("somebody who has its key", found["text"])
        # And for good: what the agent writes next follows what it wrote.
        self.world.read("username")
        self.assertFalse(self.verify()["ok"])

    def test_a_log_cut_under_a_running_agent_is_found(self):
        self.world.signed_up()
        self.world.store("username")
        self.world.read("username")  # the last for now: no key is leased later
        records = self.log.records()
        self.with_lines(self.log.file, lambda lines: lines.pop())
        self.assert_found("cut", records[-1]["seq"])
        self.world.ctl("read", "username")
        self.assert_found("missing", records[-1]["seq"])

    def test_without_an_agent_or_its_note_the_end_is_not_known(self):
        self.world.signed_up()
        self.world.must("agent", "stop")
        self.log.head_file.unlink()
        found = self.verify()
        self.assertEqual(found["kind"], "cut")
        self.world.must("agent", "start")
        self.assertIn("no_head", self.log.file.read_text())
        self.assertFalse(self.verify()["ok"])

    def test_without_the_key_nothing_is_verified(self):
        self.world.signed_up()
        self.world.must("agent", "stop")
        self.log.key_file.unlink()
        result = self.world.ctl("audit", "verify")
        self.assert_exit(1, result)
        self.assertIn("key", result.err)
        # A new key makes no old record genuine.
        self.world.must("agent", "start")
        self.assertNotEqual(self.world.ctl("audit", "verify").code, 0)

    def test_a_line_that_a_crash_cut_is_no_tampering(self):
        self.world.signed_up()
        os.kill(self.world.agent_pid(), signal.SIGKILL)
        with open(self.log.file, "a", encoding="utf-8") as file:
            file.write('{"seq":1000,"time":"2026-')
        self.assertEqual(self.verify()["cut_lines"], 1)
        self.world.ctl("read", "username")
        found = self.assert_fine_with_a_cut_line()
        self.assertEqual(found["cut_lines"], 1)

    def assert_fine_with_a_cut_line(self):
        found = self.verify()
        self.assertTrue(found["ok"], found)
        self.assertIn('"reason":"cut_line"', self.log.file.read_text())
        return found

    def test_the_format_is_the_documented_one(self):
        self.rotated()
        tag = self.log.check()
        self.assertEqual(self.verify()["tag"], tag)
        sequences = [record["seq"] for record in self.log.records()]
        self.assertEqual(sequences, list(range(1, len(sequences) + 1)))

    def test_there_is_no_log_before_there_was_an_agent(self):
        result = self.world.ctl("audit", "verify")
        self.assert_exit(5, result)
        self.assert_explained(result)
        self.assert_no_agent()


if __name__ == "__main__":
    harness.main()
