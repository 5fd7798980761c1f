"""Timing, medians and tables of the benchmarks.

Two environment variables scale them: ``BENCH_SCALE`` (default 1) multiplies the numbers of course runs, and
``BENCH_REPEATS`` (default 3) is the number of measurements. With another scale than 1, the outcomes show the scale.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
SCALE = float(os.environ.get("BENCH_SCALE") or 1)
REPEATS = int(os.environ.get("BENCH_REPEATS") or 3)


def scaled(number: int) -> int:
    return max(1, round(number * SCALE))


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


@dataclass
class Table:
    """A table of measurements, and below it each goal with its value and outcome."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append([_cell(cell) for cell in cells])

    def goal(self, goal: str, value: str, is_met: bool | None) -> None:
        """Add the outcome of a goal; ``None`` if it has no limit."""
        outcome = {True: "met", False: "MISS", None: "reported"}[is_met]
        note = "" if SCALE == 1 else f" (at BENCH_SCALE={SCALE:g})"
        self.outcomes.append(f"{outcome + note:<9} {goal}: {value}")

    def at_most(self, goal: str, value: float, limit: float, unit: str = "") -> None:
        self.goal(f"{goal} ≤ {limit:g}{unit}", f"{value:.4g}{unit}", value <= limit)

    def at_least(self, goal: str, value: float, limit: float, unit: str = "") -> None:
        self.goal(f"{goal} ≥ {limit:g}{unit}", f"{value:.4g}{unit}", value >= limit)

    def print(self) -> None:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.columns))]
        print(f"\n{self.title}")
        for number, line in enumerate(lines):
            cells = [
                cell.ljust(width) if not index else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            print("  " + "  ".join(cells).rstrip())
            if not number:
                print("  " + "  ".join("-" * width for width in widths))
        for outcome in self.outcomes:
            print(f"  {outcome}")
        sys.stdout.flush()


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.3g}" if cell < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
