"""The table: on the terminal, as JSON, as a page, as a plot."""

import html
import json
import os

MARK = {True: "yes", False: "no"}


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(row):
    """What every form of the table shows of a row."""
    low, high = row["spread"]
    theirs = "" if row["theirs"] is None else number(row["theirs"])
    return [row["what"], row["compared_with"], number(row["ours"]), theirs,
            row["unit"].strip(), f"{row['value']:.2f}", f"{low:.2f}–{high:.2f}",
            row["to_reach"], MARK[row["met"]]]


HEAD = ["what", "compared with", "ours", "theirs", "unit", "value", "spread",
        "to reach", "met"]


def as_text(row):
    """A few lines for the terminal, printed as soon as it is measured."""
    what, peer, ours, theirs, unit, value, spread, limit, met = cells(row)
    lines = [what, f"    compared with {peer}",
             f"    {ours} {unit}" + (f" : {theirs} {unit}" if theirs else "") +
             f" = {value} ({spread}), to reach: {limit}: {met}"]
    if row["note"]:
        lines.append(f"    {row['note']}")
    return "\n".join(lines)


def as_table(rows):
    """All of it for the terminal."""
    lines = [HEAD] + [cells(row) for row in rows]
    widths = [max(len(line[column]) for line in lines)
              for column in range(len(HEAD))]
    return "\n".join("  ".join(
        cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
        for line in lines)


def as_page(rows, machine, quick):
    lines = [
        "# Speed, as ratios measured in one run", "",
        "Made by `scripts/bench" + (" --quick" if quick else "") + "`. Ours "
        "and theirs are measured side by side, round by round; figures are "
        "medians, the spread is the middle eighty percent of the rounds. "
        "[notes.md](notes.md) says what was found out about the lines that "
        "are missed.", "", f"{machine}.", "", "![the table as a plot]"
        "(results.svg)", "",
        "| " + " | ".join(HEAD) + " |", "| " + " | ".join("---" for _ in HEAD)
        + " |"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    notes = [f"- {row['what']}: {row['note']}." for row in rows if row["note"]]
    return "\n".join(lines + ([""] + notes if notes else [])) + "\n"


def machine():
    """All that is said of it: the figures that count are ratios."""
    return f"{os.cpu_count()} cores"


# The plot: one bar for each row, as long as its value is in parts of what is to
# be reached, so that one line in the middle is the limit of all.

WIDTH, LABEL, BAR, TOP = 980, 470, 22, 56
FULL = 2.0  # longer bars are cut there


def reached(row, value):
    """1 is the limit; less is better, whatever the row measures."""
    limit = float("".join(c for c in row["to_reach"] if c.isdigit() or c == "."))
    if row["to_reach"].startswith("at least"):
        return limit / value if value > 0 else FULL
    return max(value, 0) / limit


def as_plot(rows):
    span = WIDTH - LABEL - 90
    height = TOP + BAR * len(rows) + 30

    def x(part):
        return LABEL + span * min(part, FULL) / FULL

    def text(left, top, words, more=""):
        return (f'<text x="{left:.0f}" y="{top:.0f}" {more}>'
                f"{html.escape(words)}</text>")

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(12, 22, "Measured, in parts of what is to be reached (left of the "
             "line: reached)", 'font-size="14"')]
    for index, row in enumerate(rows):
        top = TOP + BAR * index
        part = reached(row, row["value"])
        low, high = sorted(reached(row, value) for value in row["spread"])
        colour = "#4a7c59" if row["met"] else "#b5523b"
        parts += [
            text(LABEL - 8, top + 14, f"{row['what']} : {row['compared_with']}"
                 [:84], 'text-anchor="end" font-size="10"'),
            f'<rect x="{LABEL}" y="{top + 3}" width="{x(part) - LABEL:.1f}" '
            f'height="{BAR - 8}" fill="{colour}"/>',
            f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{top + 10}" '
            f'y2="{top + 10}" stroke="black"/>',
            text(WIDTH - 84, top + 14, f"{row['value']:.2f}")]
    parts += [
        f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="{TOP - 10}" '
        f'y2="{height - 24}" stroke="black" stroke-dasharray="4 3"/>',
        text(x(1) - 40, height - 8, "to be reached"), "</svg>"]
    return "\n".join(parts) + "\n"


def write(folder, rows, quick):
    folder.mkdir(parents=True, exist_ok=True)
    where = machine()
    (folder / "results.json").write_text(json.dumps(
        {"machine": where, "quick": quick, "rows": rows}, indent=2,
        ensure_ascii=False) + "\n")
    (folder / "results.md").write_text(as_page(rows, where, quick))
    (folder / "results.svg").write_text(as_plot(rows))
