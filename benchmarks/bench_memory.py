"""Peak memory of syncs with 200,000 course runs and with 10,000.

Each process runs a first sync with 3,200 course overviews, and another one after a course run left the Catalog, so the
proof of completeness and the removal are measured, too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from benchmarks import lms
from benchmarks.harness import Row, python, run, scaled
from sandbox.catalog.testing import CatalogProcess

SIZES = (10_000, 200_000)
COURSE_OVERVIEWS = 3_200
PAGE_SIZE = 1_000
CONCURRENCY = 2


def benchmark() -> Iterator[Row]:
    peaks = []
    for runs in SIZES:
        with CatalogProcess(runs=scaled(runs)) as catalog:
            arguments = json.dumps([catalog.url, catalog.lms_environment])
            peaks.append(int(python("-m", "benchmarks.bench_memory", arguments)))
    small, large = peaks
    yield Row.at_most(
        f"Peak memory, {scaled(SIZES[1]):,} against {scaled(SIZES[0]):,} course runs: {large / 1024:.0f} MiB",
        large / small,
        1.15,
        " x as much",
        floor=f"{small / 1024:.0f} MiB",
    )


def measure(catalog_url: str, environment: dict[str, str]) -> int:
    """Return the peak in KiB."""
    import resource

    from sandbox.catalog.testing import CatalogControl

    lms.set_up(environment)
    from catalog_sync.api import update_catalog_data

    def sync() -> None:
        report = update_catalog_data(page_size=PAGE_SIZE, concurrency=CONCURRENCY)
        assert report.status == "succeeded", report

    control = CatalogControl(catalog_url)
    with lms.database("SQLite"):
        from sandbox.catalog.rows import course_run_keys

        # Generate the keys instead of getting them, so that seeding needs less memory than the sync.
        keys = course_run_keys(COURSE_OVERVIEWS, 1)
        lms.seed(keys)
        sync()
        control.delete([keys[0]])
        sync()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    if sys.argv[1:]:
        print(measure(*json.loads(sys.argv[1])))
    else:
        run(benchmark)
