"""Syncs of 3,300 course runs from a Catalog as slow as the real one without its cache, with two workers.

Everything is written, as in a first sync, but the length of the list is known from the last sync run, as it usually is.
The floor requests all pages with the same parallelism from the start, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import lms
from benchmarks.harness import Row, medians, run, seconds, seconds_of

COURSE_RUNS = 3_300
COURSE_OVERVIEWS = 3_200
PAGE_SIZES = (500, 1_000)
CONCURRENCIES = (1, 2, 4)
# The stand-in sleeps, so the times hardly vary.
REPEATS = 1


def benchmark() -> Iterator[Row]:
    with lms.sandbox(COURSE_RUNS, cache=False) as catalog, lms.database("SQLite"):
        runs = catalog.control.runs()
        lms.seed([run["key"] for run in runs][:COURSE_OVERVIEWS])
        yield received_bytes(catalog)
        catalog.control.settings(latency=True)
        for page_size in PAGE_SIZES:
            for concurrency in CONCURRENCIES:
                yield against_floor(catalog, len(runs), page_size, concurrency)
        yield against_baseline(catalog)


def sync(page_size: int, concurrency: int) -> None:
    from catalog_sync.api import update_catalog_data

    report = update_catalog_data(page_size=page_size, concurrency=concurrency)
    assert report.status == "succeeded", report


def against_floor(catalog: Any, runs: int, page_size: int, concurrency: int) -> Row:
    from benchmarks.baselines import floor_requests

    taken = medians(
        REPEATS,
        floor=lambda: seconds_of(lambda: floor_requests(catalog, runs, page_size, concurrency)),
        ours=lms.with_known_length(lambda: sync(page_size, concurrency), runs),
    )
    ours, floor = taken["ours"], taken["floor"]
    what = f"Slow Catalog, {page_size:,} x {concurrency} parallel: {seconds(ours)}"
    return Row.at_most(what, ours / floor, 1.05, " x floor", floor=seconds(floor))


def against_baseline(catalog: Any) -> Row:
    from benchmarks.baselines import baseline

    page_size, concurrency = PAGE_SIZES[0], 2
    taken = medians(
        REPEATS,
        baseline=lms.from_scratch(lambda: baseline(catalog, page_size)),
        ours=lms.from_scratch(lambda: sync(page_size, concurrency)),
    )
    ours, slow = taken["ours"], taken["baseline"]
    what = f"Slow Catalog, very first sync, {page_size:,} x {concurrency} parallel: {seconds(ours)}"
    return Row.at_least(what, slow / ours, 3, " x as fast", baseline=seconds(slow))


def received_bytes(catalog: Any) -> Row:
    from benchmarks.baselines import baseline_requests

    def received_by(work: Callable[[], object]) -> int:
        catalog.control.clear_requests()
        work()
        return sum(request.bytes or 0 for request in catalog.control.requests("/api/v1/course_runs/"))

    ours = received_by(lambda: sync(PAGE_SIZES[0], 2))
    full = received_by(lambda: baseline_requests(catalog, PAGE_SIZES[0]))
    baseline = f"{full / 1e6:.1f} MB"
    return Row.at_most("Bytes received", ours / full * 100, 5, " % of full objects", baseline=baseline)


if __name__ == "__main__":
    run(benchmark)
