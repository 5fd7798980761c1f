"""Put faults into a module, one at a time, and list those that its tests do not detect: see ``docs/testing.rst``."""

from __future__ import annotations

import argparse
import ast
import difflib
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from importlib.util import cache_from_source
from pathlib import Path
from time import monotonic

import hypothesis
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parents[1]
# Run the same tests in the same order with the same examples each time, until one fails. Its output is not used.
PYTEST = "-n0 -q -x -p no:randomly --hypothesis-profile=mutants --hypothesis-seed=0 --assert=plain".split()
# One replacement per arithmetic operator: the tests that detect it detect the others, too.
LEFT_OUT = re.compile(
    "core/ReplaceBinaryOperator_"
    "(?!(Add_Sub|Sub_Add|Mul_Add|Div_Mul|FloorDiv_Mul|Mod_Add|BitOr_BitAnd|BitAnd_BitOr)$)"
)
FORK = multiprocessing.get_context("fork")


def annotations(code: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the start and the end of each annotation. Nothing evaluates annotations."""
    for node in ast.walk(ast.parse(code)):
        for found in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if found:
                yield (found.lineno, found.col_offset), (found.end_lineno, found.end_col_offset)


def mutants(code: str) -> list[tuple[tuple[int, int], str, str]]:
    """Return the position, the operator and the code of each mutant."""
    nodes, annotated = list(ast_nodes(get_ast(code))), list(annotations(code))
    found = []
    for name in operator_names():
        if LEFT_OUT.match(name) or get_operator(name).arguments():
            continue
        operator = get_operator(name)()
        places = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, place in enumerate(places):
            if any(start <= place < end for start, end in annotated):
                continue
            with suppress(AttributeError):  # cosmic-ray cannot replace an exception with a dotted name
                found.append((place, name.removeprefix("core/"), mutate_code(code, operator, occurrence)))
    return sorted(found)


def run(tests: list[str]) -> None:
    """Run tests in a forked process, which has pytest and Hypothesis imported already."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.exit(pytest.main([*PYTEST, *tests]))


def passes(module: Path, code: str, tests: list[str], limit: float | None = None) -> bool:
    """Return whether the tests pass within ``limit`` seconds with this code of the module."""
    module.write_text(code)
    # Python would use the old bytecode if the source has the same size and was written in the same second.
    Path(cache_from_source(module)).unlink(missing_ok=True)
    child = FORK.Process(target=run, args=[tests])
    child.start()
    child.join(limit)
    passed = child.exitcode == 0
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # with the servers that it started
    child.join()
    return passed


def enter_copy(folder: str) -> None:
    """Change to a copy of the checkout, in which this worker puts faults."""
    os.chdir(shutil.copytree(ROOT, f"{folder}/{os.getpid()}", ignore=shutil.ignore_patterns(".*")))


def difference(code: str, mutant: str) -> str:
    """Return the difference between the two in one line."""
    lines = list(difflib.unified_diff(code.splitlines(), mutant.splitlines(), n=0))[3:]
    return "  ".join(f"{line[0]} {line[1:].strip()}" for line in lines)


def main() -> int:
    """Run all mutants of a module, and return whether one survived."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("module", type=Path)
    parser.add_argument("tests", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    code = (ROOT / options.module).read_text()
    # A failing example is enough, so do not shrink it. A slow machine must not fail a test.
    quick = [hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", hypothesis.settings.default, phases=quick, deadline=None)
    hypothesis.settings.load_profile("mutants")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(options.jobs, FORK, enter_copy, [folder]) as workers,
    ):
        started = monotonic()
        if not workers.submit(passes, options.module, code, options.tests).result():
            sys.exit("These tests fail without a mutant.")
        limit = 10 + 5 * (monotonic() - started)
        survives = partial(passes, options.module, tests=options.tests, limit=limit)
        found = mutants(code)
        outcomes = workers.map(survives, [mutant for _, _, mutant in found])
        survived = 0
        for ((line, _), operator, mutant), survivor in zip(found, outcomes, strict=True):
            if survivor:
                survived += 1
                print(f"{options.module}:{line}  {operator}  {difference(code, mutant)}", flush=True)
    print(f"{len(found)} mutants, {len(found) - survived} killed, {survived} survived")
    return survived > 0


if __name__ == "__main__":
    sys.exit(main())
