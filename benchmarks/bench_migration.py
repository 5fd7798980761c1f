"""The time to add ``marketing_url`` to the course overviews of a large LMS."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import lms
from benchmarks.harness import Row, medians, run, scaled, seconds_of

COURSE_OVERVIEWS = 100_000


def benchmark() -> Iterator[Row]:
    lms.set_up()
    yield from lms.on_each(("SQLite", "MariaDB", "PostgreSQL"), measure)


def measure(vendor: str, url: str) -> Iterator[Row]:
    from django.core.management import call_command

    from sandbox.lms.course_overviews.models import CourseOverview

    count = scaled(COURSE_OVERVIEWS)
    lms.seed(f"course-v1:ExampleX+C{number}+2026" for number in range(count))
    fill_history(CourseOverview)

    def migrate(to: str) -> float:
        return seconds_of(lambda: call_command("migrate", "course_overviews", to, verbosity=0))

    taken = medians(removed=lambda: migrate("0001"), added=lambda: migrate("0002"))
    yield Row.at_most(f"Adding the column to {count:,} course overviews, {vendor}", taken["added"], 1, " s")


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
    run(benchmark)
