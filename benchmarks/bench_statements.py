"""SQL statements per page at different page sizes, if every row changes and if none does."""

from __future__ import annotations

from itertools import pairwise

from benchmarks import lms
from benchmarks.harness import Table

PAGE_SIZES = (20, 500, 5_000)
COURSE_RUNS = 3 * 5_000
# More pages would only repeat the same statements.
MOST_PAGES = 20


def main() -> None:
    table = Table(
        "SQL statements per page (maximum)",
        ["database", "page size", "changed", "unchanged"],
    )
    most: dict[str, int] = {"changed": 0, "unchanged": 0}
    with lms.sandbox(COURSE_RUNS) as catalog:
        everything = catalog.control.runs()
        for vendor in ("SQLite", "MariaDB", "PostgreSQL"):
            try:
                with lms.database(vendor):
                    lms.seed(run["key"] for run in everything)
                    for page_size in PAGE_SIZES:
                        catalog.control.set_runs(everything[: MOST_PAGES * page_size])
                        changed, unchanged = statements_per_page(page_size), statements_per_page(page_size)
                        most["changed"] = max(most["changed"], *changed)
                        most["unchanged"] = max(most["unchanged"], *unchanged)
                        table.add(vendor, page_size, max(changed), max(unchanged))
                        lms.forget_syncs()
            except OSError as error:
                print(f"\nNot measured: {error}")
    # One of them stores the first thousand changes of the sync run.
    table.goal("statements of a changed page ≤ 7", str(most["changed"]), most["changed"] <= 7)
    table.goal("statements of an unchanged page ≤ 3", str(most["unchanged"]), most["unchanged"] <= 3)
    table.print()


def statements_per_page(page_size: int) -> list[int]:
    """Sync, and return the number of statements of each page, without those before and after the pages."""
    from benchmarks.sql import statements
    from catalog_sync.api import update_catalog_data

    marks: list[int] = []
    with statements() as sent:
        update_catalog_data(page_size=page_size, on_progress=lambda *_: marks.append(len(sent)))
    return [after - before for before, after in pairwise(marks)] or marks


if __name__ == "__main__":
    main()
