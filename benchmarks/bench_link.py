"""The cost of a link: of ``get_lms_link_for_about_page``, and of the filter step that replaces about pages."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from benchmarks import lms
from benchmarks.harness import REPEATS, Table, medians, seconds_of

CALLS = 20_000
ENROLLMENTS = 1_000
COURSE_OVERVIEWS = 3_200
URL = "https://www.example.com/course/one"


def main() -> None:
    lms.set_up()
    with lms.database("SQLite"):
        link_function()
        filter_step()


def link_function() -> None:
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
    table = Table("get_lms_link_for_about_page", ["", "µs per call"])
    with statements() as sent:
        for name, overview in overviews.items():
            ours = microseconds(get_lms_link_for_about_page, [overview] * CALLS)
            table.add(name, ours)
            table.goal(f"time per call ({name})", f"{ours:.2f} µs", None)
    table.goal("queries = 0", str(len(sent)), not sent)
    table.print()


def filter_step() -> None:
    from openedx_filters.learning.filters import CourseAboutPageURLRequested

    from benchmarks.sql import statements
    from catalog_sync import conf
    from catalog_sync.filters import ReplaceAboutPageUrl
    from sandbox.catalog.rows import ORGANIZATIONS

    step = ReplaceAboutPageUrl(conf.ABOUT_PAGE_FILTER, [conf.ABOUT_PAGE_STEP])
    pages = seeded_pages()
    many = pages * (CALLS // ENROLLMENTS)
    title = f"The filter step: {ENROLLMENTS:,} enrollments of {len(ORGANIZATIONS)} organizations"
    table = Table(title, ["", "queries", "µs per link"])

    def first_request() -> None:
        links = [step.run_filter(page, "")["url"] for page in pages]
        assert sum(link != page for link, page in zip(links, pages, strict=True)) == ENROLLMENTS // 2

    with statements() as sent:
        first = seconds_of(first_request) / ENROLLMENTS * 1e6
    table.add("first request of a process", len(sent), first)
    table.at_most("queries of a request", len(sent), len(ORGANIZATIONS))
    with statements() as sent:
        alone = microseconds(lambda page: step.run_filter(page, ""), many)
        whole = microseconds(lambda page: CourseAboutPageURLRequested.run_filter(url=page, org=""), many)
    table.add("other links, only the step", len(sent), alone)
    table.add("other links, the filter with the step", len(sent), whole)
    table.add("floor: a dictionary look-up", 0, microseconds(dict.fromkeys(pages, URL).get, many))
    table.goal("another link ≤ 10 µs, without a query", f"{alone:.2f} µs", alone <= 10 and not sent)
    table.print()


def seeded_pages() -> list[str]:
    """Store course overviews, half of them with a marketing URL, and return the about pages of the enrollments."""
    from sandbox.catalog.rows import course_run_keys, marketing_url_of
    from sandbox.lms.course_overviews.models import CourseOverview

    keys = course_run_keys(COURSE_OVERVIEWS, 1)
    lms.seed(keys)
    for key in keys[::2]:
        CourseOverview.objects.filter(pk=key).update(marketing_url=marketing_url_of(key, 1))
    return [f"https://lms.example.com/courses/{key}/about" for key in keys[:ENROLLMENTS]]


def microseconds(function: Callable[..., object], arguments: list[object]) -> float:
    """Return the median time per call, with each of the arguments."""

    def calls() -> None:
        for argument in arguments:
            function(argument)

    return medians(REPEATS, calls=lambda: seconds_of(calls))["calls"] / len(arguments) * 1e6


if __name__ == "__main__":
    main()
