#!/usr/bin/env python3
"""Counts the instructions of the hot paths and compares them with
instructions.json: the guard of speed that does not depend on time.

    instructions.py            fails when a count is over 3 % off
    instructions.py --update   writes the counts as they are

LIBRETTO_BIN names the folder with a release build. What is counted:

- read: `librettoctl read`, whole process, against an agent that has the value;
- get, seal, open: one round of bench_core. Two runs are counted and subtracted,
  which takes away the start and the end.

The same on each x86-64 machine that has AVX2: valgrind shows programs one and
the same processor then (a Haswell), whatever the real one is, so libsodium and
the C library choose the same code everywhere. Which one it shows is written
down beside the counts; where it shows another, nothing is compared. Debian's
compiler and libraries of another version may move a count; then look at the
difference, and update.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from stage import BIN, Stage
import harness

EXPECTED = pathlib.Path(__file__).with_name("instructions.json")
LOADER = pathlib.Path("/lib64/ld-linux-x86-64.so.2")
TOLERANCE = 0.03
ROUNDS = 1000
TRIES = 3
# valgrind counts each byte of a "rep stos" as an instruction, which it is not.
BASE = {"PATH": "/usr/bin:/bin",
        "GLIBC_TUNABLES": "glibc.cpu.x86_rep_stosb_threshold=1048576:"
                          "glibc.cpu.x86_rep_movsb_threshold=1048576"}


def count(argv, environment):
    """Instructions from start to exit."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--trace-children=no",
             f"--callgrind-out-file={folder}/out", *map(str, argv)],
            capture_output=True, text=True, check=False, env=environment,
            stdin=subprocess.DEVNULL, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{argv[0]} under valgrind: {done.stderr}")
        collected = re.search(r"Collected : (\d+)", done.stderr)
        return int(collected.group(1))


def count_round(what):
    once, twice = (count([BIN / "bench_core", what, rounds], BASE)
                   for rounds in (ROUNDS, 2 * ROUNDS))
    return round((twice - once) / ROUNDS)


def count_read():
    """The fewest of some tries: an answer that comes in two pieces costs a
    turn more."""
    stage = Stage()
    try:
        stage.signed_up()
        environment = {**BASE, "HOME": str(stage.world.home),
                       "LIBRETTO_AGENT_SOCK": str(stage.world.socket)}
        return min(count([BIN / "librettoctl", "read", "warm"], environment)
                   for _ in range(TRIES))
    finally:
        stage.close()


def shown_processor():
    """What valgrind lets programs see, in the words of glibc's loader; None
    where there is no such loader. Leaves out what nothing here looks at and
    valgrind passes on (RDRAND, RDSEED, F16C)."""
    if not LOADER.exists():
        return None
    said = subprocess.run(
        ["valgrind", "--tool=none", "-q", str(LOADER), "--list-diagnostics"],
        capture_output=True, text=True, check=True, env=BASE).stdout
    return dict(re.findall(
        r"^x86\.cpu_features\.(basic\.kind|basic\.family|basic\.model|isa_1)"
        r"=(\w+)$", said, re.MULTILINE))


def counts():
    return {"read": count_read(),
            **{what: count_round(what) for what in ("get", "seal", "open")}}


def compare(found, expected):
    """Prints how far each is off; whether all are near enough."""
    near = True
    for what, instructions in found.items():
        off = instructions / expected[what] - 1
        print(f"{what}: {instructions:,} instructions, {off:+.1%}")
        near = near and abs(off) <= TOLERANCE
    return near


def main():
    processor = shown_processor()
    if "--update" in sys.argv[1:]:
        found = counts()
        EXPECTED.write_text(json.dumps(
            {"processor": processor, "instructions": found}, indent=2) + "\n")
        print(f"written: {EXPECTED}\n{found}")
        return 0
    expected = json.loads(EXPECTED.read_text())
    if processor != expected["processor"]:
        print(f"SKIPPED: valgrind shows {processor}; the counts are of "
              f"{expected['processor']}", file=sys.stderr)
        return harness.SKIPPED
    if compare(counts(), expected["instructions"]):
        return 0
    print(f"over {TOLERANCE:.0%} off. Faster, or meant: "
          f"LIBRETTO_BIN={os.environ['LIBRETTO_BIN']} {sys.argv[0]} "
          "--update, and say why in docs/performance/notes.md")
    return 1


if __name__ == "__main__":
    sys.exit(main())
