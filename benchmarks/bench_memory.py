"""Peak memory of a sync that reads 1,000,000 course runs, against one that reads 10,000.

Each in a process of its own, with 3,200 course overviews: a first sync, then one after a course run left the Catalog,
so that the proof of completeness and the search for the missing one are part of it.
"""

from __future__ import annotations

import json
import sys

from benchmarks import lms
from benchmarks.harness import Table, python, scaled
from sandbox.catalog.testing import CatalogProcess

SIZES = (10_000, 1_000_000)
COURSE_OVERVIEWS = 3_200
PAGE_SIZE = 1_000
CONCURRENCY = 2


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(measure(*json.loads(sys.argv[1]))))
        return
    title = f"Peak memory, {COURSE_OVERVIEWS:,} course overviews, SQLite, page size {PAGE_SIZE:,}"
    table = Table(title, ["course runs", "MiB before", "MiB peak", "first sync, s", "one left, s"])
    peaks = []
    for runs in SIZES:
        with CatalogProcess(runs=scaled(runs)) as catalog:
            place = json.dumps([catalog.url, catalog.lms_environment])
            result = json.loads(python("-m", "benchmarks.bench_memory", place))
        peaks.append(result["peak"])
        table.add(
            scaled(runs), result["before"] / 1024, result["peak"] / 1024, result["first"], result["second"]
        )
    table.at_most(
        f"peak at {scaled(SIZES[1]):,} against {scaled(SIZES[0]):,}", peaks[1] / peaks[0], 1.15, " x"
    )
    table.print()


def measure(catalog_url: str, environment: dict[str, str]) -> dict[str, float]:
    import resource

    from benchmarks.harness import seconds_of
    from sandbox.catalog.testing import CatalogControl

    lms.set_up(environment)
    from catalog_sync.api import update_catalog_data

    def sync() -> None:
        report = update_catalog_data(page_size=PAGE_SIZE, concurrency=CONCURRENCY)
        assert report.status == "succeeded", report

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    control = CatalogControl(catalog_url)
    with lms.database("SQLite"):
        from sandbox.catalog.rows import course_run_keys

        # What the seeding takes must not hide what the sync takes, so the keys are made, not fetched.
        keys = course_run_keys(COURSE_OVERVIEWS, 1)
        lms.seed(keys)
        before = peak()
        first = seconds_of(sync)
        control.delete([keys[0]])
        second = seconds_of(sync)
        return {"before": before, "peak": peak(), "first": first, "second": second}


if __name__ == "__main__":
    main()
