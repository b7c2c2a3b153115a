#!/usr/bin/env python3
"""Checks what a search can check: words that have no place here, and length.

    tools/check_words.py [ROOT]
"""

import pathlib
import re
import sys

MAX_LINES = 400

# (what, why, paths where it is allowed). Comments are not looked at.
IN_CODE = [
    (r"DebugString", "it prints every field, secrets too", None),
    (r"\bstrerror\(", "it is not thread-safe; FromErrno() is", None),
    (r"\b(u|nano|clock_nano)?sleep(_for|_until)?\(",
     "wait for what you wait for", None),
    (r"\busing namespace (?!std::\w*literals\b)",
     "names say where they come from", None),
    (r"\busing namespace std::", "literals are for tests", r"tests/"),
    (r"\bcatch \(\.\.\.\)", "catch what is thrown; main catches the rest",
     r"\w+/main\.cc$|client/cpp/watch\.cc$"),
    (r"\bco_(await|yield|return)\b",
     "g++ 12 destroys temporaries of coroutines twice", None),
    (r"\b(system|popen)\(", "nothing here starts a shell", None),
]
ANYWHERE = [
    (r"\b(TODO|FIXME|XXX)\b", "do it, or open an issue", None),
]
SUFFIXES = {".h", ".cc", ".py", ".mjs", ".ts", ".sh", ".proto", ".cmake",
            ".txt"}
FOLDERS = ("base", "agent", "client", "cloud", "tests", "tools", "proto",
           "cmake", "examples", "scripts")


def without_comment(line):
    return re.sub(r"(^|\s)//.*", "", line)


def complaints_about(path, text):
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        yield f"{path}: {len(lines)} lines; split it at {MAX_LINES}"
    code = path.endswith((".h", ".cc"))
    for number, line in enumerate(lines, 1):
        rules = [(line, ANYWHERE)]
        if code:
            rules.append((without_comment(line), IN_CODE))
        for searched, table in rules:
            for pattern, why, allowed in table:
                found = re.search(pattern, searched)
                if found and not (allowed and re.match(allowed, path)):
                    yield f"{path}:{number}: {found.group().strip()}: {why}"


def main():
    here = pathlib.Path(__file__).resolve()
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parents[1]
    failed = False
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if not file.is_file() or file == here:
                continue
            if file.suffix not in SUFFIXES and folder != "scripts":
                continue
            if "corpus" in file.parts or "node_modules" in file.parts:
                continue
            path = file.relative_to(root).as_posix()
            for line in complaints_about(path, file.read_text("utf-8")):
                print(line)
                failed = True
    if failed:
        print("check_words: docs/style.md says more about each")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
