"""One measured figure, how it prints, and the closing table."""

import json
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A line of ``./run bench``.

    ``peer`` is what a user would pick instead, ``floor`` the physical limit, both in
    ``unit`` and measured in the same run; None where there is none. ``must`` is the bar
    in words, ``met`` whether it holds.
    """

    bench: str
    value: float
    unit: str
    must: str
    met: bool
    peer: float | None = None
    floor: float | None = None

    @property
    def ratio_peer(self):
        """The figure as a multiple of the peer's."""
        return self.value / self.peer if self.peer else None

    @property
    def ratio_floor(self):
        """The figure as a multiple of the floor's."""
        return self.value / self.floor if self.floor else None

    def line(self):
        """The figure as one line of JSON."""
        return json.dumps(
            {
                "bench": self.bench,
                "value": _short(self.value),
                "unit": self.unit,
                "peer": _short(self.peer),
                "floor": _short(self.floor),
                "ratio_peer": _short(self.ratio_peer),
                "ratio_floor": _short(self.ratio_floor),
                "must": self.must,
                "met": self.met,
            }
        )


def beside_peer(bench, value, unit, peer, times, floor=None):
    """A figure that must reach ``times`` its peer."""
    met = value >= times * peer
    return Figure(bench, value, unit, f">= {times:g} x peer", met, peer, floor)


def at_least(bench, value, unit, bar, floor=None):
    """A figure that must reach ``bar`` by itself."""
    return Figure(bench, value, unit, f">= {bar:,} {unit}", value >= bar, None, floor)


def middle(values):
    """The median of a list."""
    return median(values)


def table(figures):
    """All figures as a table for people."""
    head = "bench", "value", "unit", "peer", "x peer", "floor", "x floor", "must", ""
    rows = [head]
    for f in figures:
        numbers = [f.peer, f.ratio_peer, f.floor, f.ratio_floor]
        cells = ["-" if n is None else f"{_short(n):,}" for n in numbers]
        word = "met" if f.met else "MISSED"
        rows.append((f.bench, f"{_short(f.value):,}", f.unit, *cells, f.must, word))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _short(number):
    if number is None:
        return None
    return round(number) if abs(number) >= 100 else round(number, 2)
