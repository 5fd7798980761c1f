"""Run benchmarks, each in a process of its own, and print one table of all their rows.

    python -m benchmarks [benchmarks/bench_link.py ...]

The exit status is 1 if a benchmark has crashed. A missed goal is shown in the table only.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.harness import ROOT, Row, python, table


def main(paths: list[str]) -> int:
    names = [Path(path).stem for path in paths] or sorted(
        path.stem for path in (ROOT / "benchmarks").glob("bench_*.py")
    )
    started, rows, crashed = time.monotonic(), [], []
    for name in names:
        print(f"[{time.monotonic() - started:4.0f} s] {name}", file=sys.stderr, flush=True)
        try:
            rows += [Row.from_json(line) for line in python("-m", f"benchmarks.{name}").splitlines()]
        except subprocess.CalledProcessError:
            crashed.append(name)
    print(table(rows))
    print(f"\n{time.monotonic() - started:.0f} s")
    for name in crashed:
        print(f"{name} has crashed.", file=sys.stderr)
    return bool(crashed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
