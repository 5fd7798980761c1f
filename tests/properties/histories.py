"""Histories of a Catalog and an LMS, and the strategies that generate them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import event
from hypothesis import strategies as st

from catalog_sync import conf
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl, SyncRun, SyncRunChange
from catalog_sync.sync import SyncOptions, SyncReport, run_sync
from sandbox.lms.course_overviews.models import CourseOverview
from tests.properties.model_catalog import ModelCatalog, Run
from tests.properties.model_lms import ModelLms, expected_urls

PLAIN = [f"course-v1:OrgX+C{number:02}+2026" for number in range(16)]
OLD_STYLE = [f"OrgX/Old{number}/2026" for number in range(3)]
CCX = [f"ccx-v1:OrgX+C{number:02}+2026+ccx@{ccx}" for number in (0, 7, 15) for ccx in (1, 2)]
LMS_KEYS = PLAIN + OLD_STYLE + CCX
# A database that compares without case can store only one of such a pair.
CATALOG_KEYS = [*LMS_KEYS, "course-v1:orgx+c03+2026", "course-v1:AaX+First+2026", "course-v1:ZzX+Last+2026"]

FULL = Run("https://www.example.com/full")
fit_urls = st.sampled_from([f"https://www.example.com/{name}" for name in "abc"])
runs = st.builds(Run, fit_urls | st.none(), st.sampled_from(["published", "published", "unpublished"]))


@dataclass(frozen=True)
class Move:
    """Something that happens before the request of this number is answered."""

    before: int
    kind: str
    key: str
    run: Run | None = None


moments = st.integers(0, 14)
catalog_moves = st.builds(
    Move, moments, st.just("catalog"), st.sampled_from(CATALOG_KEYS), runs | st.none() | st.none()
)
lms_moves = st.builds(
    Move,
    moments,
    st.sampled_from(["publish", "publish", "save", "delete", "bulk_create"]),
    st.sampled_from(LMS_KEYS),
)
# All course runs from this key on are deleted or added, or lose their marketing URLs.
landslides = st.builds(
    Move, moments, st.sampled_from(["leave", "lose_urls", "enter"]), st.sampled_from(CATALOG_KEYS)
)
# Half of all course runs or more, before the first request.
great_landslides = st.builds(
    Move,
    st.just(0),
    st.sampled_from(["leave", "lose_urls"]),
    st.sampled_from(sorted(CATALOG_KEYS, key=str.lower)[: len(CATALOG_KEYS) // 2]),
)
moves = st.lists(catalog_moves | lms_moves | landslides, max_size=14)
unfit_moves = st.builds(
    Move, moments, st.just("catalog"), st.sampled_from(CATALOG_KEYS), st.just(Run("javascript:alert(1)"))
)


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "page_size": draw(st.integers(2, 9) | st.just(50)),
        "concurrency": draw(st.integers(1, 4)),
        "max_removal_percent": draw(st.sampled_from([0, 10, 100])),
        "allow_removals": draw(st.booleans()),
    }


class History:
    """A Catalog and an LMS, with nothing left of the history before."""

    def __init__(self, catalog_runs: dict[str, Run], overviews: set[str], foreign: set[str]) -> None:
        for model in (CourseOverview, CatalogCourseRun, PinnedMarketingUrl, SyncRunChange, SyncRun):
            # Not delete(): it would sort course keys of several kinds, which cannot be compared.
            model.objects.all()._raw_delete("default")
        self.catalog = ModelCatalog.current = ModelCatalog(dict(catalog_runs))
        self.lms = ModelLms()
        for key in overviews:
            self.lms.bulk_create(key)
        for key in foreign & overviews:
            self.lms.write_foreign_url(key)

    def sync(self, moves: list[Move], failing: dict[int, int] | None = None, **chosen: Any) -> SyncReport:
        """Run a sync in which these things happen."""
        self.catalog.forget_the_past()
        self.lms.forget_the_past()
        self.catalog.failing = failing or {}
        self.catalog.before_request = lambda number: self.apply(moves, number)
        given_options = {"page_size": 50, "concurrency": 2, "max_removal_percent": 10} | chosen
        unlimited = {"request_timeout_seconds": 5, "retry_deadline_seconds": 0} | {
            "bypass_cache_hours": 0,
            "keep_runs_days": 0,
        }
        report = run_sync(SyncOptions(conf.catalogs()[0], **unlimited, **given_options))
        event(f"status {report.status}")
        return report

    def apply(self, moves: list[Move], number: int) -> None:
        """Apply the moves before the request of this number."""
        for move in moves:
            if move.before != number:
                continue
            if move.kind in ("leave", "lose_urls", "enter"):
                self._slide(move)
            elif move.kind == "catalog":
                self.catalog.set(move.key, move.run)
            else:
                getattr(self.lms, move.kind)(move.key)

    def _slide(self, move: Move) -> None:
        becoming = {"leave": None, "lose_urls": Run(None), "enter": FULL}[move.kind]
        for key in CATALOG_KEYS:
            if key.lower() >= move.key.lower() and (becoming is FULL) == (key not in self.catalog.runs):
                self.catalog.set(key, becoming)

    def wrong(self) -> dict[str, str | None]:
        """Return the URLs that the Catalog did not have during the sync run, but not those without a signal."""
        return {
            key: url
            for key, url in self.lms.marketing_urls().items()
            if key not in self.lms.unannounced and url not in expected_urls(self.catalog, key)
        }

    def worse(self) -> dict[str, str | None]:
        """Return the URLs in the LMS that neither the Catalog nor the LMS itself has had since the sync run began."""
        return {
            key: url
            for key, url in self.lms.marketing_urls().items()
            if url not in expected_urls(self.catalog, key) | self.lms.past.get(key, set())
        }


some_keys = st.sets(st.sampled_from(LMS_KEYS))
beginnings: Callable[..., Any] = st.builds(
    lambda *args: lambda: History(*args),
    st.dictionaries(st.sampled_from(CATALOG_KEYS), runs)
    | st.builds(dict.fromkeys, st.just(CATALOG_KEYS), runs),
    some_keys | st.just(set(LMS_KEYS)),
    some_keys | st.just(set()),
)
