"""An answer in the form in which two servers can be compared.

What differs from run to run is replaced by what it is: an id becomes <id 1>,
the second one <id 2>, a time <now> or <now + 48 h>. So two answers are equal
when they have the same shape, and when what was the same thing in one
conversation is the same thing in the other.
"""

import copy
import datetime
import json
import re
import typing

ABSENT = object()

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Sorted: the first that matches decides.
VOLATILE = [
    ("uuid", re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("key", re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{64}(?![A-Za-z0-9])")),
    ("id", re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{32}(?![A-Za-z0-9])")),
]
SIGNATURE = re.compile(r"(?<=\.)[A-Za-z0-9%+/]{43,140}(?:%3D|=)")

# In a link.
TOKEN = re.compile(r"(?<=[?&]token=)[A-Za-z0-9._-]+")

# Members whose form is the server's own business.
OPAQUE = {"secret"}


class Differs(typing.NamedTuple):
    """What our answer has instead, by the path of each member.

    `reason` names the entry of docs/contract-differences.md that says why.
    """
    reason: str
    instead: dict


class Volatile:
    """Names the things of one conversation in the order of their mention."""

    def __init__(self, base_url):
        self.base_url = base_url
        self.names = {}
        self.counts = {}

    def name(self, kind, value):
        if value not in self.names:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.names[value] = f"<{kind} {self.counts[kind]}>"
        return self.names[value]

    def text(self, text):
        text = text.replace(self.base_url, "<base>")
        text = TOKEN.sub("<token>", text)
        text = TIME.sub(lambda found: since_now(found.group()), text)
        text = SIGNATURE.sub("<signature>", text)
        for kind, pattern in VOLATILE:
            text = pattern.sub(
                lambda found, kind=kind: self.name(kind, found.group()), text)
        return text

    def value(self, value, member=None):
        if isinstance(value, dict):
            return {self.text(key): self.value(inner, key)
                    for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if member in OPAQUE:
            return f"<{member}>"
        if member == "start":  # of a key; a prefix shows, the rest is random
            return f"<{len(value)} characters>"
        return self.text(value)


def since_now(time):
    then = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    now = datetime.datetime.now(datetime.timezone.utc)
    minutes = round((then - now).total_seconds() / 60)
    if minutes == 0:
        return "<now>"
    if minutes % 60 == 0:
        return f"<now + {minutes // 60} h>"
    return f"<now + {minutes} min>"


class Answer(typing.NamedTuple):
    status: int
    headers: list  # (name in lower case, value), in the order of arrival
    body: bytes

    def header(self, name):
        found = [value for key, value in self.headers if key == name]
        return found[0] if found else None

    def cookies(self):
        return [value for key, value in self.headers if key == "set-cookie"]

    def cookie_header(self):
        """What a client sends back, as the public command makes it."""
        return "; ".join(line.split(";")[0] for line in self.cookies())

    def json(self):
        return json.loads(self.body)

    def comparable(self, volatile):
        text = self.body.decode()
        try:
            body = volatile.value(json.loads(text))
        except ValueError:
            body = volatile.text(text)
        shown = {
            "status": self.status,
            "type": self.header("content-type"),
            "cache-control": self.header("cache-control"),
            "cookies": [volatile.text(cookie) for cookie in self.cookies()],
            "body": body,
        }
        for name in ("x-retry-after", "retry-after"):
            if self.header(name) is not None:
                shown[name] = "<seconds>"
        for name in ("location", "allow", "x-api-key"):
            value = self.header(name)
            if value is not None:
                shown[name] = volatile.text(value)
        return shown


def with_differences(answer, differences):
    """The answer with what ours is known to say instead."""
    changed = copy.deepcopy(answer)
    for difference in differences:
        for path, value in difference.instead.items():
            *parents, last = path.split(".")
            inner = changed
            for parent in parents:
                inner = inner[int(parent) if isinstance(inner, list)
                              else parent]
            if isinstance(inner, list):
                last = int(last)
            if value is ABSENT:
                del inner[last]
            else:
                inner[last] = value
    return changed


def as_text(answer):
    return json.dumps(answer, indent=1, ensure_ascii=False).splitlines()
