"""SQL statements that a page takes, at any page size: where every row changes, and where none does."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from benchmarks import lms
from benchmarks.harness import Table

PAGE_SIZES = (20, 500, 5_000)
COURSE_RUNS = 3 * 5_000
# Enough to see a page's statements; the small ones would only repeat themselves.
MOST_PAGES = 20


def main() -> None:
    table = Table(
        "SQL statements a page (the most that a page took)",
        ["database", "page size", "changed", "unchanged", "baseline: changed"],
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
                        changed, unchanged = a_page(page_size), a_page(page_size)
                        most["changed"] = max(most["changed"], *changed)
                        most["unchanged"] = max(most["unchanged"], *unchanged)
                        table.add(
                            vendor,
                            page_size,
                            max(changed),
                            max(unchanged),
                            baseline_of(everything[:100]) * page_size // 100,
                        )
                        lms.forget_syncs()
            except OSError as error:
                print(f"\nNot measured: {error}")
    table.goal("a changed page ≤ 6", str(most["changed"]), most["changed"] <= 6)
    table.goal("an unchanged page ≤ 3", str(most["unchanged"]), most["unchanged"] <= 3)
    table.print()


def a_page(page_size: int) -> list[int]:
    """Sync, and return how many statements each page took, whatever the run needs before and after them left out."""
    from benchmarks.sql import statements
    from catalog_sync.api import update_catalog_data

    marks: list[int] = []
    with statements() as sent:
        update_catalog_data(page_size=page_size, on_progress=lambda *_: marks.append(len(sent)))
    return [after - before for before, after in pairwise(marks)] or marks


def baseline_of(runs: list[Any]) -> int:
    """Return how many statements the baseline takes to change these course runs."""
    from benchmarks.rivals import get_and_save
    from benchmarks.sql import statements

    lms.forget_syncs()
    with statements() as sent:
        get_and_save(runs)
    # get(), save() and the row of history: any more would be this app's own.
    assert len(sent) <= 3 * len(runs), sent
    return len(sent)


if __name__ == "__main__":
    main()
