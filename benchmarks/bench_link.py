"""What ``get_lms_link_for_about_page`` costs a call, for each of the three links that it may return."""

from __future__ import annotations

from types import SimpleNamespace

from benchmarks import lms
from benchmarks.harness import REPEATS, Table, medians, seconds_of

CALLS = 20_000
URL = "https://www.example.com/course/one"


def main() -> None:
    lms.set_up()
    with lms.database("SQLite"):
        measure()


def measure() -> None:
    from benchmarks.sql import statements
    from catalog_sync.api import get_lms_link_for_about_page

    overviews = {
        "social sharing URL": SimpleNamespace(
            id="course-v1:X+Y+Z", social_sharing_url=URL, marketing_url=URL
        ),
        "course marketing URL": SimpleNamespace(
            id="course-v1:X+Y+Z", social_sharing_url="", marketing_url=URL
        ),
        "the LMS's about page": SimpleNamespace(
            id="course-v1:X+Y+Z", social_sharing_url="", marketing_url=None
        ),
    }

    def microseconds(function, overview) -> float:
        def calls() -> None:
            for _ in range(CALLS):
                function(overview)

        return medians(REPEATS, calls=lambda: seconds_of(calls))["calls"] / CALLS * 1e6

    table = Table("get_lms_link_for_about_page", ["", "µs a call", "floor: an attribute, µs"])
    with statements() as sent:
        for name, overview in overviews.items():
            ours = microseconds(get_lms_link_for_about_page, overview)
            table.add(name, ours, microseconds(lambda each: each.marketing_url, overview))
            table.goal(f"cost a call ({name})", f"{ours:.2f} µs", None)
    table.goal("queries = 0", str(len(sent)), not sent)
    table.print()


if __name__ == "__main__":
    main()
