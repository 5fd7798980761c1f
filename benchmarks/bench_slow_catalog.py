"""The first sync of 3,300 course runs from a Catalog as slow as the real one: its duration, and the received bytes."""

from __future__ import annotations

from typing import Any

from benchmarks import lms
from benchmarks.harness import Table, medians, seconds_of

COURSE_RUNS = 3_300
COURSE_OVERVIEWS = 3_200
PAGE_SIZE = 500
CONCURRENCY = 4


def main() -> None:
    # Without the stand-in's cache, every page takes the service's time on two workers.
    with lms.sandbox(COURSE_RUNS, cache=False) as catalog, lms.database("SQLite"):
        lms.seed([run["key"] for run in catalog.control.runs()][:COURSE_OVERVIEWS])
        received_bytes(catalog)
        catalog.control.settings(latency=True)
        first_sync(catalog)


def sync() -> None:
    from catalog_sync.api import update_catalog_data

    report = update_catalog_data(page_size=PAGE_SIZE, concurrency=CONCURRENCY)
    assert report.status == "succeeded", report


def first_sync(catalog: Any) -> None:
    from benchmarks.baselines import baseline, floor_requests, floor_sql

    runs = catalog.control.runs()
    taken = medians(
        requests=lambda: seconds_of(lambda: floor_requests(catalog, len(runs), PAGE_SIZE, CONCURRENCY)),
        sql=lms.from_scratch(lambda: floor_sql(runs, PAGE_SIZE)),
        ours=lms.from_scratch(sync),
    )
    # Measured once, because it is by far the slowest.
    taken |= medians(1, baseline=lms.from_scratch(lambda: baseline(catalog, PAGE_SIZE)))
    floor = taken["requests"] + taken["sql"]
    title = f"First sync of {len(runs):,} course runs, latency model, page size {PAGE_SIZE}, concurrency {CONCURRENCY}"
    table = Table(title, ["", "seconds", "x floor"])
    table.add("ours", taken["ours"], taken["ours"] / floor)
    table.add("baseline", taken["baseline"], taken["baseline"] / floor)
    table.add("floor", floor, 1.0)
    table.add("  requests", taken["requests"], taken["requests"] / floor)
    table.add("  SQL", taken["sql"], taken["sql"] / floor)
    table.at_most("wall time", taken["ours"] / floor, 1.1, " x floor")
    table.at_least("rate", taken["baseline"] / taken["ours"], 3, " x baseline")
    table.print()


def received_bytes(catalog: Any) -> None:
    from benchmarks.baselines import baseline_requests

    def received_by(work: Any) -> int:
        catalog.control.clear_requests()
        work()
        return sum(request.bytes or 0 for request in catalog.control.requests("/api/v1/course_runs/"))

    runs = len(catalog.control.runs())
    ours = received_by(sync)
    full = received_by(lambda: baseline_requests(catalog, PAGE_SIZE))
    table = Table(f"Received bytes of {runs:,} course runs, page size {PAGE_SIZE}", ["", "bytes"])
    table.add("ours", ours)
    table.add("baseline (full objects)", full)
    table.at_most("bytes", ours / full * 100, 5, " % of the full objects")
    table.print()


if __name__ == "__main__":
    main()
