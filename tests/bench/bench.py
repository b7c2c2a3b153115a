#!/usr/bin/env python3
"""Measures every row of the table; scripts/bench builds what this needs.

    bench.py [--quick] [--out FOLDER] [GROUP...]

Groups: calls, commands, start, cloud, sync, idle. Without one: all of them.
"""

import argparse
import pathlib
import sys
import time

import calls
import commands
import processes
import report
import serving
import syncing
from stage import Stage

GROUPS = ("calls", "commands", "start", "cloud", "sync", "idle")


def measured(groups, effort):
    """The rows of the groups, each as soon as it is known."""
    idle = processes.IdleMinute(effort) if "idle" in groups else None
    stage = Stage()
    try:
        if "calls" in groups:
            yield from calls.rows(stage, effort)
        else:
            stage.signed_up()
        if "commands" in groups:
            yield from commands.rows(stage, effort)
        if "start" in groups:
            yield from processes.start_rows(stage, effort)
        if "cloud" in groups:
            yield from serving.rows(stage, effort)
    finally:
        stage.close()
    try:
        if "sync" in groups:
            yield from syncing.rows(effort)
        if idle:
            yield from idle.rows()
    finally:
        if idle:
            idle.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true",
                        help="few rounds: to see that it works")
    parser.add_argument("--out", type=pathlib.Path,
                        help="write results.json, .md and .svg there")
    parser.add_argument("groups", nargs="*", metavar="GROUP",
                        help=", ".join(GROUPS))
    options = parser.parse_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}")

    def effort(full, quick):
        return quick if options.quick else full

    begin = time.monotonic()
    rows = []
    for row in measured(options.groups or GROUPS, effort):
        rows.append(row.as_json())
        print(report.as_text(rows[-1]), flush=True)
    missed = [row["what"] for row in rows if not row["met"]]
    print(f"\n{len(rows)} lines in {time.monotonic() - begin:.0f} s, "
          f"{len(missed)} missed")
    if options.out:
        report.write(options.out, rows, options.quick)
        print(f"written: {options.out}/results.json, .md, .svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
