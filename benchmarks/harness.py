"""What the benchmarks share: timing, medians, tables.

Two environment variables scale them: ``BENCH_SCALE`` (default 1) multiplies the numbers of course runs, and
``BENCH_REPEATS`` (default 3) is how often each thing is timed. At another scale than the goals' own, verdicts say so.
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


def medians(repeats: int = REPEATS, /, **contenders: Callable[[], float]) -> dict[str, float]:
    """Time the contenders in turns, so that what else the machine does meets all of them; return their medians.

    Each contender prepares what it needs and returns the seconds that count.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, contender in contenders.items():
            taken[name].append(contender())
    return {name: median(values) for name, values in taken.items()}


def percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def python(*arguments: str) -> str:
    """Run Python in a process of its own and return what it printed."""
    # Where this is set, each process compiles what it imports; on a host the bytecode is there.
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
    """A table of what was measured, and below it each goal with the value and the verdict."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append([_cell(cell) for cell in cells])

    def goal(self, goal: str, value: str, seen: bool | None) -> None:
        """Add a verdict; ``None`` where the goal sets no limit or could not be measured."""
        outcome_of = {True: "met", False: "MISS", None: "reported"}[seen]
        note = "" if SCALE == 1 else f" (at BENCH_SCALE={SCALE:g})"
        self.verdicts.append(f"{outcome_of + note:<9} {goal}: {value}")

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
        for outcome_of in self.verdicts:
            print(f"  {outcome_of}")
        sys.stdout.flush()


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.3g}" if cell < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
