"""Makes the LMS's course overviews: most of them from the Catalog's course runs, some that are not in the Catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from ccx_keys.locator import CCXLocator
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from sandbox.lms.course_overviews.models import DEFAULT_START_DATE, CourseOverview
from sandbox.lms.seeding.catalog import CourseRun

# Shares of all course overviews; there is at least one of each.
CCX_SHARE = 0.02
LMS_ONLY_SHARE = 0.002
# The Catalog's own CCX keys have lower numbers.
FIRST_CCX_ID = 1_000_001
SOCIAL_SHARING_URL = "https://go.example.com/join"

# Kinds of course runs whose links differ. A kind that the Catalog does not have is left out.
EXAMPLE_KINDS: dict[str, Callable[[CourseRun], bool]] = {
    "plain": lambda run: run.is_published_with_url and run.key.startswith("course-v1:"),
    "social sharing": lambda run: run.is_published_with_url and run.key.startswith("course-v1:"),
    "unpublished": lambda run: run.status == "unpublished" and run.key.startswith("course-v1:"),
    "old-style key": lambda run: run.is_published_with_url and "/" in run.key,
}


@dataclass
class Courses:
    """The course overviews to store, and an example of each kind."""

    overviews: list[CourseOverview] = field(default_factory=list)
    examples: dict[str, CourseOverview] = field(default_factory=dict)
    in_catalog: int = 0
    ccx: int = 0
    lms_only: int = 0


def make_courses(runs: Iterable[CourseRun], count: int, seed: int) -> Courses:
    """Return about ``count`` course overviews, the same for the same runs and seed."""
    draw = Random(seed)
    runs = _usable(runs)
    lms_only = max(1, round(count * LMS_ONLY_SHARE))
    ccx = max(1, round(count * CCX_SHARE))
    examples = _example_runs(runs)
    chosen = _choose(runs, count - ccx - lms_only, list(examples.values()), draw)

    courses = Courses(in_catalog=len(chosen), lms_only=lms_only)
    by_key = {run.key: _from_run(run, draw) for run in chosen}
    courses.examples = {kind: by_key[run.key] for kind, run in examples.items()}
    if "social sharing" in courses.examples:
        courses.examples["social sharing"].social_sharing_url = SOCIAL_SHARING_URL
    ccx_overviews = _ccx_of(chosen, ccx, draw)
    lms_only_overviews = [_lms_only(number) for number in range(1, lms_only + 1)]
    if ccx_overviews:
        courses.examples["CCX"] = ccx_overviews[0]
    courses.examples["LMS only"] = lms_only_overviews[0]
    courses.ccx = len(ccx_overviews)
    courses.overviews = [*by_key.values(), *ccx_overviews, *lms_only_overviews]
    for overview in courses.examples.values():
        overview.mobile_available = True
    return courses


def _usable(runs: Iterable[CourseRun]) -> list[CourseRun]:
    # On MariaDB the primary key ignores case, so the LMS can have only one of two keys that differ in case.
    usable: dict[str, CourseRun] = {}
    for run in runs:
        try:
            CourseKey.from_string(run.key)
        except InvalidKeyError:
            continue
        usable.setdefault(run.key.lower(), run)
    return list(usable.values())


def _example_runs(runs: list[CourseRun]) -> dict[str, CourseRun]:
    examples: dict[str, CourseRun] = {}
    for kind, fits in EXAMPLE_KINDS.items():
        run = next((run for run in runs if fits(run) and run not in examples.values()), None)
        if run:
            examples[kind] = run
    return examples


def _choose(runs: list[CourseRun], count: int, always: list[CourseRun], draw: Random) -> list[CourseRun]:
    others = [run for run in runs if run not in always]
    more = min(len(others), max(0, count - len(always)))
    return [*always, *draw.sample(others, more)]


def _from_run(run: CourseRun, draw: Random) -> CourseOverview:
    key = CourseKey.from_string(run.key)
    overview = CourseOverview(
        id=key,
        org=key.org,
        display_name=run.title,
        display_number_with_default=key.course,
        display_org_with_default=key.org,
        start=run.start,
        end=run.end if draw.random() < 0.75 else None,
        course_image_url=f"/asset/{run.key}/course_image.jpg",
        mobile_available=draw.random() < 0.9,
        self_paced=run.pacing_type == "self_paced",
        language=run.content_language,
    )
    kind_of_start = draw.random()
    if kind_of_start < 0.02:
        overview.advertised_start = "Any day you like"
    elif kind_of_start < 0.04:
        overview.start = DEFAULT_START_DATE
    return overview


def _ccx_of(runs: list[CourseRun], count: int, draw: Random) -> list[CourseOverview]:
    parents = [run for run in runs if EXAMPLE_KINDS["plain"](run)]
    overviews = []
    for ccx_id, parent in enumerate(draw.sample(parents, min(count, len(parents))), start=FIRST_CCX_ID):
        overview = _from_run(parent, draw)
        overview.id = CCXLocator.from_course_locator(CourseKey.from_string(parent.key), str(ccx_id))
        overview.display_name = f"{parent.title}, coached"
        overviews.append(overview)
    return overviews


def _lms_only(number: int) -> CourseOverview:
    key = CourseKey.from_string(f"course-v1:InternalX+STAFF{number:03}+2026")
    return CourseOverview(
        id=key,
        org=key.org,
        display_name=f"Staff training {number}",
        display_number_with_default=key.course,
        display_org_with_default=key.org,
        course_image_url=f"/asset/{key}/course_image.jpg",
        mobile_available=True,
        self_paced=True,
        language="en",
    )
