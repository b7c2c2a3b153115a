#!/usr/bin/env python3
"""Checks how the three programs were built, as readelf sees it.

    tools/check_binaries.py BIN

Position-independent, bound at start with read-only relocations, stack
protectors, fortified calls, control-flow protection, no path of its own to
libraries, no executable stack.
"""

import pathlib
import re
import subprocess
import sys

PROGRAMS = ("libretto-agent", "librettoctl", "libretto-cloud")


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, program], check=True,
                          capture_output=True, text=True).stdout


def starts_with_endbr64(program):
    """Whether functions of our own begin with ENDBR64, as the target of an
    indirect jump has to under -fcf-protection. Those that only their own file
    can call, and the parts that functions are split into, need none."""
    text = subprocess.run(
        ["objdump", "--disassemble", "--no-show-raw-insn", program], check=True,
        capture_output=True, text=True).stdout
    functions = re.findall(r"^[0-9a-f]+ <(_ZN8libretto[^>]*)>:\n"
                           r"\s*[0-9a-f]+:\s+(\S+)", text, re.MULTILINE)
    firsts = [first for name, first in functions
              if "." not in name and "_GLOBAL__N_" not in name]
    return len(firsts) > 10 and firsts.count("endbr64") > 0.9 * len(firsts)


def complaints_about(program):
    headers = readelf(program, "--file-header", "--program-headers")
    dynamic = readelf(program, "--dynamic")
    symbols = readelf(program, "--symbols")
    rules = [
        ("position-independent", re.search(r"Type:\s+DYN", headers)),
        ("read-only relocations", "GNU_RELRO" in headers),
        ("bound at start", re.search(r"BIND_NOW|FLAGS.*\bNOW\b", dynamic)),
        ("no executable stack",
         re.search(r"GNU_STACK\s.*\bRW\s", headers)),
        ("no segment that is written and executed",
         not re.search(r"LOAD\s.*\bRWE\b", headers)),
        ("no RPATH or RUNPATH", not re.search(r"R(UN)?PATH", dynamic)),
        ("stack protectors", "__stack_chk_fail" in symbols),
        ("fortified calls", re.search(r"__\w+_chk\b(?<!__stack_chk)", symbols)),
        ("control-flow protection", starts_with_endbr64(program)),
    ]
    return [rule for rule, holds in rules if not holds]


def main():
    failed = False
    for name in PROGRAMS:
        for rule in complaints_about(pathlib.Path(sys.argv[1]) / name):
            print(f"{name}: {rule}: not so")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
