"""The cost of a link: of ``get_lms_link_for_about_page``, and of the filter step that replaces about pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

from benchmarks import lms
from benchmarks.harness import REPEATS, Row, medians, run, seconds_of

CALLS = 20_000
ENROLLMENTS = 1_000
COURSE_OVERVIEWS = 3_200
URL = "https://www.example.com/course/one"


def benchmark() -> Iterator[Row]:
    lms.set_up()
    with lms.database("SQLite"):
        yield from link_function()
        yield from filter_step()


def link_function() -> Iterator[Row]:
    from benchmarks.sql import statements
    from catalog_sync.api import get_lms_link_for_about_page

    key = "course-v1:X+Y+Z"
    course_overviews = {
        "course marketing URL": SimpleNamespace(id=key, social_sharing_url="", marketing_url=URL),
        "the LMS's about page": SimpleNamespace(id=key, social_sharing_url="", marketing_url=None),
    }
    with statements() as sent:
        for name, overview in course_overviews.items():
            ours = microseconds(get_lms_link_for_about_page, [overview] * CALLS)
            yield Row.at_most(f"get_lms_link_for_about_page, {name}", ours, 10, " µs")
    yield Row.at_most("get_lms_link_for_about_page: queries", len(sent), 0, "")


def filter_step() -> Iterator[Row]:
    from benchmarks.sql import statements
    from catalog_sync import conf
    from catalog_sync.filters import ReplaceAboutPageUrl
    from sandbox.catalog.rows import ORGANIZATIONS

    step = ReplaceAboutPageUrl(conf.ABOUT_PAGE_FILTER, [conf.ABOUT_PAGE_STEP])
    pages = seeded_pages()
    with statements() as sent:
        links = [step.run_filter(page, "")["url"] for page in pages]
    assert sum(link != page for link, page in zip(links, pages, strict=True)) == ENROLLMENTS // 2
    what = f"Filter step, first {ENROLLMENTS:,} links of a request: queries"
    yield Row.at_most(what, len(sent), len(ORGANIZATIONS), "")
    many = pages * (CALLS // ENROLLMENTS)
    with statements() as sent:
        ours = microseconds(lambda page: step.run_filter(page, ""), many)
    assert not sent
    floor = microseconds(dict.fromkeys(pages, URL).get, many)
    yield Row.at_most("Filter step, each further link", ours, 10, " µs", floor=f"{floor:.2f} µs")


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
    run(benchmark)
