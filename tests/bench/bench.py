#!/usr/bin/env python3
"""Measures every row of the table; scripts/bench builds what this needs.

    bench.py [--quick] [--out FOLDER] [GROUP...]

Groups: calls, commands, start, cloud, sync, idle. Without one: all of them.
"""

import argparse
import contextlib
import pathlib
import sys
import time

import calls
import cloud_rate
import commands
import processes
import report
import syncing
from stage import Stage

GROUPS = ("calls", "commands", "start", "cloud", "sync", "idle")


def measured(groups, effort):
    """The rows of the groups, each as soon as it is known."""
    with contextlib.ExitStack() as at_the_end:
        idle = None
        if "idle" in groups:
            idle = at_the_end.enter_context(
                contextlib.closing(processes.IdleMinute(effort)))
        yield from on_one_stage(groups, effort)
        if "sync" in groups:
            yield from syncing.rows(effort)
        if idle:
            yield from idle.rows()


def on_one_stage(groups, effort):
    with contextlib.closing(Stage()) as stage:
        stage.signed_up()
        if "calls" in groups:
            yield from calls.rows(stage, effort)
        if "commands" in groups:
            yield from commands.rows(stage, effort)
        if "start" in groups:
            yield from processes.start_rows(stage, effort)
        if "cloud" in groups:
            yield from cloud_rate.rows(stage, effort)


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
    print(f"\n{report.as_table(rows)}\n\n{len(rows)} lines in {time.monotonic() - begin:.0f} s, "
          f"{len(missed)} missed")
    if options.out:
        report.write(options.out, rows, options.quick)
        print(f"written: {options.out}/results.json, .md, .svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
