"""The time to add ``marketing_url`` to the course overviews of a large LMS, and to remove it."""

from __future__ import annotations

from benchmarks import lms
from benchmarks.harness import Table, medians, scaled, seconds_of

COURSE_OVERVIEWS = 100_000


def main() -> None:
    lms.set_up()
    count = scaled(COURSE_OVERVIEWS)
    table = Table(
        f"The column marketing_url of {count:,} course overviews and their history",
        ["", "seconds to add", "seconds to remove"],
    )
    for vendor in ("SQLite", "MariaDB", "PostgreSQL"):
        try:
            with lms.database(vendor):
                lms.seed(f"course-v1:ExampleX+C{number}+2026" for number in range(count))
                measure(table, vendor)
        except OSError as error:
            print(f"\nNot measured: {error}")
    table.print()


def measure(table: Table, vendor: str) -> None:
    from django.core.management import call_command

    from sandbox.lms.course_overviews.models import CourseOverview

    fill_history(CourseOverview)

    def migrate(to: str) -> float:
        return seconds_of(lambda: call_command("migrate", "course_overviews", to, verbosity=0))

    taken = medians(removed=lambda: migrate("0001"), added=lambda: migrate("0002"))
    table.add(vendor, taken["added"], taken["removed"])
    table.goal(f"time to add on {vendor}", f"{taken['added']:.2f} s", None)


def fill_history(model: type) -> None:
    """Add a history row for each course overview."""
    from django.db import connection

    history = model.history.model
    columns = ", ".join(connection.ops.quote_name(field.column) for field in model._meta.concrete_fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {history._meta.db_table} ({columns}, history_date, history_type) "
            f"SELECT {columns}, created, '+' FROM {model._meta.db_table}"
        )


if __name__ == "__main__":
    main()
