"""Timing, medians, and the rows of the table.

Two environment variables scale the benchmarks: ``BENCH_SCALE`` (default 1) multiplies the numbers of course runs, and
``BENCH_REPEATS`` (default 3) is the number of measurements.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SCALE = float(os.environ.get("BENCH_SCALE") or 1)
REPEATS = int(os.environ.get("BENCH_REPEATS") or 3)
MET, MISSED, NOT_MEASURED = "met", "MISSED", "not measured"


class Row(NamedTuple):
    """A row of the table: everything is text."""

    what: str
    baseline: str
    floor: str
    value: str
    goal: str
    verdict: str

    @classmethod
    def at_most(
        cls, what: str, value: float, limit: float, unit: str, *, baseline: str = "", floor: str = ""
    ) -> Row:
        verdict = MET if value <= limit else MISSED
        return cls(what, baseline, floor, f"{number(value)}{unit}", f"≤ {number(limit)}{unit}", verdict)

    @classmethod
    def at_least(
        cls, what: str, value: float, limit: float, unit: str, *, baseline: str = "", floor: str = ""
    ) -> Row:
        verdict = MET if value >= limit else MISSED
        return cls(what, baseline, floor, f"{number(value)}{unit}", f"≥ {number(limit)}{unit}", verdict)

    @classmethod
    def from_json(cls, line: str) -> Row:
        return cls(*json.loads(line))


HEADING = Row("What", "Baseline", "Floor", "Value", "Goal", "Verdict")


def number(value: float) -> str:
    """Return a number as text: three digits, and more only before the decimal point."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def seconds(value: float) -> str:
    return f"{number(value)} s"


def run(benchmark: Callable[[], Iterable[Row]]) -> None:
    """Print each row as JSON for ``python -m benchmarks``, and on standard error for people, as soon as it is known."""
    for row in benchmark():
        print(json.dumps(row), flush=True)
        print(f"         {row.verdict:<12} {row.what}: {row.value} ({row.goal})", file=sys.stderr, flush=True)


def table(rows: Sequence[Row]) -> str:
    """Return the table as reStructuredText, so that it can be copied to the documentation."""
    lines = [HEADING, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    # An empty first cell would continue the row before it; others may be empty.
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    scale = [] if SCALE == 1 else [f"BENCH_SCALE={SCALE:g}: the goals are for 1."]
    return "\n".join([rule, texts[0], rule, *texts[1:], rule, *scale])


def scaled(count: int) -> int:
    return max(1, round(count * SCALE))


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def medians(repeats: int = REPEATS, /, **timed: Callable[[], float]) -> dict[str, float]:
    """Measure several functions in turns, so that other load on the machine affects all; return their medians.

    Each function returns its measured seconds.
    """
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(repeats):
        for name, measure in timed.items():
            taken[name].append(measure())
    return {name: median(values) for name, values in taken.items()}


def percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def python(*arguments: str) -> str:
    """Run Python in another process, and return its output."""
    # With this variable, each process would compile its imports; on a host there is bytecode.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process.stdout
