"""Peak memory of syncs with 1,000,000 course runs and with 10,000.

Each process runs a first sync with 3,200 course overviews, and another one after a course run left the Catalog, so the
proof of completeness and the removal are measured, too.
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
    table = Table(title, ["course runs", "MiB before", "MiB peak", "first sync, s", "removal, s"])
    peaks = []
    for runs in SIZES:
        with CatalogProcess(runs=scaled(runs)) as catalog:
            arguments = json.dumps([catalog.url, catalog.lms_environment])
            result = json.loads(python("-m", "benchmarks.bench_memory", arguments))
        peaks.append(result["peak"])
        table.add(
            scaled(runs), result["before"] / 1024, result["peak"] / 1024, result["first"], result["second"]
        )
    table.at_most(
        f"peak with {scaled(SIZES[1]):,} course runs",
        peaks[1] / peaks[0],
        1.15,
        f" x peak with {scaled(SIZES[0]):,}",
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

        # Generate the keys instead of getting them, so that seeding needs less memory than the sync.
        keys = course_run_keys(COURSE_OVERVIEWS, 1)
        lms.seed(keys)
        before = peak()
        first = seconds_of(sync)
        control.delete([keys[0]])
        second = seconds_of(sync)
        return {"before": before, "peak": peak(), "first": first, "second": second}


if __name__ == "__main__":
    main()
