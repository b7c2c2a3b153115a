"""docs/audit-format.md once more, with nothing but what Python has: who can
read the key can check the log, and write it anew."""

import hashlib
import json


class AuditLog:
    """The files of a World's audit log."""

    def __init__(self, world):
        self.file = world.log_file.parent / "audit.jsonl"
        self.key_file = world.state / "audit.key"
        self.head_file = world.state / "audit.head"

    def files(self):
        """The oldest first."""
        older = [self.file.with_name(f"{self.file.name}.{age}")
                 for age in range(7, 0, -1)]
        return [file for file in [*older, self.file] if file.exists()]

    def records(self):
        return [json.loads(line) for file in self.files()
                for line in file.read_text().splitlines()]

    def verbs(self, **where):
        return [record["verb"] for record in self.records()
                if where.items() <= record.items()]

    def key(self):
        return bytes.fromhex(self.key_file.read_text())

    def tag(self, previous, body):
        return hashlib.blake2b(bytes.fromhex(previous) + body.encode(),
                               key=self.key(), digest_size=32).hexdigest()

    def check(self):
        """Whether every tag is what the format says; the last one."""
        previous = "00" * 32
        for file in self.files():
            for line in file.read_text().splitlines():
                body, _, tag = line.removesuffix('"}').rpartition(',"tag":"')
                assert tag == self.tag(previous, body), line
                previous = tag
        return previous

    def write_anew(self, change):
        """Every record through `change(record)`, and a chain that fits."""
        previous = "00" * 32
        for file in self.files():
            lines = []
            for line in file.read_text().splitlines():
                record = json.loads(line)
                del record["tag"]
                if "previous" in record:
                    record["previous"] = previous
                change(record)
                body = json.dumps(record, separators=(",", ":"))[:-1]
                previous = self.tag(previous, body)
                lines.append(body + ',"tag":"' + previous + '"}\n')
            file.write_text("".join(lines))
        sequence = self.records()[-1]["seq"]
        head = f"head 1 {sequence:020} {previous}"
        self.head_file.write_text(f"{head} {self.tag('00' * 32, head)}\n")
