"""A Catalog that replies immediately: the first sync, the same again, and a sync of 1 % changes.

All course runs exist in the LMS. The first sync and its floor read pages that the stand-in computes; the others read
from its cache, as slow as the real one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import lms
from benchmarks.harness import Row, medians, run, scaled, seconds, seconds_of

COURSE_RUNS = 20_000
PAGE_SIZE = 500
CONCURRENCY = 4
# For all course runs the baseline would take minutes, so its rate is measured on the first pages.
BASELINE_RUNS = 1_000


def benchmark() -> Iterator[Row]:
    with lms.sandbox(COURSE_RUNS) as catalog:
        runs = catalog.control.runs()

        def measure(vendor: str, url: str) -> Iterator[Row]:
            lms.seed(run["key"] for run in runs)
            yield from first_sync(catalog, runs, vendor)
            yield from repeated_sync(catalog, runs, vendor)

        yield from lms.on_each(("SQLite", "MariaDB"), measure)


def sync(**options: Any) -> Any:
    from catalog_sync.api import update_catalog_data

    report = update_catalog_data(page_size=PAGE_SIZE, concurrency=CONCURRENCY, **options)
    assert report.status == "succeeded", report
    return report


def floor_of(catalog: Any, runs: list[Any]) -> float:
    from benchmarks.baselines import floor_requests

    return seconds_of(lambda: floor_requests(catalog, len(runs), PAGE_SIZE, CONCURRENCY))


def first_sync(catalog: Any, runs: list[Any], vendor: str) -> Iterator[Row]:
    from benchmarks.baselines import baseline, floor_sql

    # The first sync bypasses the Catalog's cache, so the floor must not use it.
    catalog.control.settings(cache=False, latency=False)
    part = min(scaled(BASELINE_RUNS), len(runs))
    once = medians(1, baseline=lms.from_scratch(lambda: baseline(catalog, PAGE_SIZE, part)))
    baseline_seconds = once["baseline"] * len(runs) / part
    taken = medians(
        requests=lambda: floor_of(catalog, runs),
        sql=lms.from_scratch(lambda: floor_sql(runs, PAGE_SIZE)),
        ours=lms.from_scratch(sync),
    )
    ours, floor = taken["ours"], taken["requests"] + taken["sql"]
    what = f"First sync of {len(runs):,} course runs, {vendor}: {seconds(ours)}"
    yield Row.at_most(what, ours / floor, 1.8, " x floor", floor=seconds(floor))
    yield Row.at_least(
        f"First sync, {vendor}", baseline_seconds / ours, 20, " x as fast", baseline=seconds(baseline_seconds)
    )


def repeated_sync(catalog: Any, runs: list[Any], vendor: str) -> Iterator[Row]:
    from benchmarks.sql import writes

    changed, turn = one_percent(runs), iter(range(1_000))
    reports: list[Any] = []

    def change_some() -> float:
        suffix = f"-{next(turn)}"
        catalog.control.upsert(
            {"key": run["key"], "marketing_url": run["marketing_url"] + suffix} for run in changed
        )
        # The change has emptied the stand-in's cache. Fill it again, because only our work is to be measured. The floor
        # and a sync have requests of their own.
        catalog.control.settings(latency=False)
        floor_of(catalog, runs)
        sync(dry_run=True)
        catalog.control.settings(latency=True)
        return seconds_of(lambda: reports.append(sync()))

    sync()
    catalog.control.settings(cache=True)
    floor_of(catalog, runs)
    with writes() as written:
        sync()
    catalog.control.settings(latency=True)
    taken = medians(floor=lambda: floor_of(catalog, runs), ours=lambda: seconds_of(sync), changed=change_some)
    ours, floor = taken["ours"], taken["floor"]
    what = f"Repeated sync from the Catalog's cache, {vendor}: {seconds(ours)}"
    yield Row.at_most(what, ours / floor, 1.3, " x floor", floor=seconds(floor))
    yield Row.at_most(f"Repeated sync, {vendor}, nothing changed: rows written", len(written), 0, "")
    [rows] = {report.updated for report in reports}
    yield Row.at_most(f"1 % changed, {vendor}: rows written", rows, len(changed), "")
    yield Row.at_most(f"1 % changed, {vendor}", taken["changed"] / ours, 1.1, " x repeated sync")


def one_percent(runs: list[Any]) -> list[Any]:
    """Return 1 % of the course runs: published ones without CCX courses, since those would change, too."""
    parents = {
        f"course-v1:{run['key'][7:].rpartition('+ccx@')[0]}" for run in runs if run["key"][:3] == "ccx"
    }
    published = [
        run
        for run in runs
        if run["status"] == "published" and run["marketing_url"] and run["key"] not in parents
    ]
    return published[:: max(1, len(published) * 100 // len(runs))]


if __name__ == "__main__":
    run(benchmark)
