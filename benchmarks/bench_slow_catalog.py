"""The first sync of 3,300 course runs from a Catalog that is as slow as the real one, and the bytes that it takes."""

from __future__ import annotations

from typing import Any

from benchmarks import lms
from benchmarks.harness import Table, medians, seconds_of

COURSE_RUNS = 3_300
COURSE_OVERVIEWS = 3_200
PAGE_SIZE = 500
CONCURRENCY = 4


def main() -> None:
    # Without the service's cache: every page takes the service's CPU time, on two workers.
    with lms.sandbox(COURSE_RUNS, cache=False) as catalog, lms.database("SQLite"):
        lms.seed([run["key"] for run in catalog.control.runs()][:COURSE_OVERVIEWS])
        bytes_fetched(catalog)
        catalog.control.settings(latency=True)
        first_sync(catalog)


def sync() -> None:
    from catalog_sync.api import update_catalog_data

    report = update_catalog_data(page_size=PAGE_SIZE, concurrency=CONCURRENCY)
    assert report.status == "succeeded", report


def first_sync(catalog: Any) -> None:
    from benchmarks.rivals import baseline, floor_requests, floor_sql

    runs = catalog.control.runs()
    taken = medians(
        requests=lambda: seconds_of(lambda: floor_requests(catalog, len(runs), PAGE_SIZE, CONCURRENCY)),
        sql=lms.from_scratch(lambda: floor_sql(runs, PAGE_SIZE)),
        ours=lms.from_scratch(sync),
    )
    # Much the slowest, and by far: once is enough.
    taken |= medians(1, baseline=lms.from_scratch(lambda: baseline(catalog, PAGE_SIZE)))
    floor = taken["requests"] + taken["sql"]
    title = f"First sync of {len(runs):,} course runs, latency model on, page size {PAGE_SIZE}, {CONCURRENCY} at once"
    table = Table(title, ["", "seconds", "x floor"])
    table.add("ours", taken["ours"], taken["ours"] / floor)
    table.add("baseline", taken["baseline"], taken["baseline"] / floor)
    table.add("floor", floor, 1.0)
    table.add("  its requests", taken["requests"], taken["requests"] / floor)
    table.add("  its SQL", taken["sql"], taken["sql"] / floor)
    table.at_most("wall against the floor", taken["ours"] / floor, 1.1, " x")
    table.at_least("faster than the baseline", taken["baseline"] / taken["ours"], 3, " x")
    table.print()


def bytes_fetched(catalog: Any) -> None:
    from benchmarks.rivals import baseline_requests, floor_requests

    def fetched(work: Any) -> int:
        catalog.control.clear_requests()
        work()
        return sum(request.bytes or 0 for request in catalog.control.requests("/api/v1/course_runs/"))

    runs = len(catalog.control.runs())
    ours = fetched(sync)
    full = fetched(lambda: baseline_requests(catalog, PAGE_SIZE))
    floor = fetched(lambda: floor_requests(catalog, runs, PAGE_SIZE, CONCURRENCY))
    table = Table(f"Bytes fetched for {runs:,} course runs, page size {PAGE_SIZE}", ["", "bytes", "of full"])
    for name, size in (("ours", ours), ("baseline (full objects)", full), ("floor", floor)):
        table.add(name, size, f"{size / full:.1%}")
    table.at_most("bytes against the full objects'", ours / full * 100, 5, " %")
    table.print()


if __name__ == "__main__":
    main()
