"""100,000 course runs that all exist in the LMS: the first sync, the same again, and a sync of 1 % changes."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks import lms
from benchmarks.harness import Table, medians, scaled, seconds_of

COURSE_RUNS = 100_000
PAGE_SIZE = 500
CONCURRENCY = 4
# For all course runs the baseline would take 15 minutes, so its rate is measured on the first pages.
BASELINE_RUNS = 2_000


def main() -> None:
    with lms.sandbox(COURSE_RUNS) as catalog:
        for vendor in sys.argv[1:] or ("SQLite", "MariaDB"):
            try:
                with lms.database(vendor):
                    lms.seed(run["key"] for run in catalog.control.runs())
                    first_sync(catalog, vendor)
                    repeat_sync(catalog, vendor)
            except OSError as error:
                print(f"\nNot measured: {error}")


def sync() -> Any:
    from catalog_sync.api import update_catalog_data

    report = update_catalog_data(page_size=PAGE_SIZE, concurrency=CONCURRENCY)
    assert report.status == "succeeded", report
    return report


def first_sync(catalog: Any, vendor: str) -> None:
    from benchmarks.baselines import baseline, floor_requests, floor_sql

    runs = catalog.control.runs()
    part = min(scaled(BASELINE_RUNS), len(runs))

    def requests() -> None:
        floor_requests(catalog, len(runs), PAGE_SIZE, CONCURRENCY)

    def part_of_the_baseline() -> None:
        baseline(catalog, PAGE_SIZE, part)

    # Fill the stand-in's cache first, because its own work is not to be measured.
    requests()
    [baseline_seconds] = medians(1, baseline=lms.from_scratch(part_of_the_baseline)).values()
    taken = medians(
        requests=lambda: seconds_of(requests),
        sql=lms.from_scratch(lambda: floor_sql(runs, PAGE_SIZE)),
        ours=lms.from_scratch(sync),
    )
    floor = taken["requests"] + taken["sql"]
    baseline_rate, rate = part / baseline_seconds, len(runs) / taken["ours"]
    title = (
        f"First sync of {len(runs):,} course runs, {vendor}, page size {PAGE_SIZE}, concurrency {CONCURRENCY}"
    )
    table = Table(title, ["", "seconds", "course runs/s", "x floor"])
    table.add("ours", taken["ours"], rate, taken["ours"] / floor)
    table.add(
        f"baseline (rate of {part:,} course runs)",
        len(runs) / baseline_rate,
        baseline_rate,
        len(runs) / baseline_rate / floor,
    )
    table.add("floor", floor, len(runs) / floor, 1.0)
    table.add("  requests", taken["requests"], len(runs) / taken["requests"], taken["requests"] / floor)
    table.add("  SQL", taken["sql"], len(runs) / taken["sql"], taken["sql"] / floor)
    table.at_most("wall time", taken["ours"] / floor, 1.6, " x floor")
    table.at_least("rate", rate / baseline_rate, 20, " x baseline")
    table.print()


def repeat_sync(catalog: Any, vendor: str) -> None:
    from benchmarks.baselines import floor_requests
    from benchmarks.sql import writes

    runs = catalog.control.runs()
    changed = one_percent(runs)
    reports: list[Any] = []
    turn = iter(range(1_000))

    def requests() -> None:
        floor_requests(catalog, len(runs), PAGE_SIZE, CONCURRENCY)

    def change_some() -> float:
        suffix = f"-{next(turn)}"
        catalog.control.upsert(
            {"key": run["key"], "marketing_url": run["marketing_url"] + suffix} for run in changed
        )
        # The change has emptied the stand-in's cache. Fill it again, because only our work is to be measured.
        catalog.control.settings(latency=False)
        requests()
        catalog.control.settings(latency=True)
        return seconds_of(lambda: reports.append(sync()))

    sync()
    requests()
    with writes() as written:
        sync()
    timed = {"floor": lambda: seconds_of(requests), "ours": lambda: seconds_of(sync)}
    taken = medians(**timed)
    catalog.control.settings(latency=True)
    with_latency = medians(**timed, changed=change_some)
    catalog.control.settings(latency=False)
    title = f"The same {len(runs):,} course runs again, {vendor}, from the Catalog's cache"
    table = repeat_table(title, len(changed), taken, with_latency)
    table.goal("rows written if nothing changed = 0", str(len(written)), not written)
    rows = {report.updated for report in reports}
    table.goal(f"rows written if 1 % changed = {len(changed):,}", f"{max(rows):,}", rows == {len(changed)})
    table.print()


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


def repeat_table(title: str, changed: int, taken: dict[str, float], with_latency: dict[str, float]) -> Table:
    ratio, ratio_with_latency = (each["ours"] / each["floor"] for each in (taken, with_latency))
    table = Table(title, ["", "seconds", "x floor"])
    floor_with_latency, changed_seconds = with_latency["floor"], with_latency["changed"]
    table.add("ours, nothing changed, latency model", with_latency["ours"], ratio_with_latency)
    table.add(
        f"ours, {changed:,} changed, latency model", changed_seconds, changed_seconds / floor_with_latency
    )
    table.add("floor (only requests), latency model", with_latency["floor"], 1.0)
    table.add("ours, nothing changed", taken["ours"], ratio)
    table.add("floor (only requests)", taken["floor"], 1.0)
    table.at_most("repeated sync, latency model", ratio_with_latency, 1.3, " x floor")
    table.at_most("repeated sync, without latency", ratio, 1.3, " x floor")
    table.at_most("1 % changed", changed_seconds / with_latency["ours"], 1.1, " x repeated sync")
    return table


if __name__ == "__main__":
    main()
