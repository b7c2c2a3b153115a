"""Rows of the table: what was measured, against what, and what to reach.

A row compares two things that were measured side by side, round by round, so
that what disturbed one disturbed the other: its ratio is the median of the
rounds' ratios, its spread their middle eighty percent.
"""

import dataclasses
import statistics
import typing


@dataclasses.dataclass
class Row:
    key: str
    what: str
    compared_with: str
    limit: float
    ours: list
    theirs: list = dataclasses.field(default_factory=list)
    unit: str = "ms"
    # Whether more is better: a rate, where the ratio has to reach the limit.
    at_least: bool = False
    # How ours and theirs become what is compared with the limit.
    combine: typing.Callable = lambda ours, theirs: ours / theirs
    is_ratio: bool = True
    note: str = ""

    def values(self):
        if not self.theirs:
            return [self.combine(ours, None) for ours in self.ours]
        return [self.combine(*pair) for pair in zip(self.ours, self.theirs)]

    def value(self):
        return statistics.median(self.values())

    def spread(self):
        return share(self.values(), 0.1), share(self.values(), 0.9)

    def is_met(self):
        if self.at_least:
            return self.value() >= self.limit
        return self.value() <= self.limit

    def as_json(self):
        low, high = self.spread()
        return {
            "key": self.key, "what": self.what,
            "compared_with": self.compared_with,
            "to_reach": ("at least " if self.at_least else "at most ") +
                        f"{self.limit:g}{'' if self.is_ratio else self.unit}",
            "value": round(self.value(), 3),
            "spread": [round(low, 3), round(high, 3)],
            "rounds": len(self.values()), "met": self.is_met(),
            "ours": round(statistics.median(self.ours), 4),
            "theirs": (round(statistics.median(self.theirs), 4)
                       if self.theirs else None),
            "unit": self.unit, "note": self.note,
        }


def share(values, part):
    """The value that `part` of them do not exceed, between neighbours."""
    ordered = sorted(values)
    at = part * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def alternate(rounds, *measures):
    """The results of each measure, round by round; every other round goes
    backwards, so that nobody is always second."""
    results = [[] for _ in measures]
    for number in range(rounds):
        order = list(range(len(measures)))
        if number % 2:
            order.reverse()
        for which in order:
            results[which].append(measures[which]())
    return results
