"""Two Catalogs that change, synced in any order: the first-named with a URL provides it, and removes only its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import requests
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from catalog_sync.api import update_catalog_data
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.models import CatalogCourseRun, SyncRun, SyncRunChange
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls
from tests.properties import examples
from tests.properties.model_catalog import ModelAdapter, ModelCatalog, Run, without_threads

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("default", "partner")
PLAIN = [f"course-v1:OrgX+C{number}+2026" for number in range(6)]
CCX = "ccx-v1:OrgX+C0+2026+ccx@1"
KEYS = [*PLAIN, CCX]


@dataclass(frozen=True)
class Step:
    """A Catalog changes a course run (None: deletes it) or, if there is no key, is synced."""

    name: str
    key: str = ""
    run: Run | None = None


names = st.sampled_from(NAMES)
moves = st.builds(
    Step,
    names,
    st.sampled_from(KEYS),
    st.none()
    | st.builds(
        Run,
        st.sampled_from([None, "https://www.example.com/a", "https://www.example.com/b"]),
        st.sampled_from(["published", "published", "unpublished"]),
    ),
)
steps = st.lists(moves | moves | st.builds(Step, names), max_size=30)
page_sizes = st.sampled_from([2, 3, 50])


class AdapterOfBoth(BaseAdapter):
    """Sends each request to the Catalog of its host."""

    def send(self, request: requests.PreparedRequest, *args, **kwargs) -> requests.Response:
        ModelCatalog.current = CATALOGS[urlsplit(request.url or "").hostname or ""]
        return ModelAdapter().send(request, *args, **kwargs)

    def close(self) -> None:
        """Nothing is open."""


CATALOGS: dict[str, ModelCatalog] = {}


def session(name: str) -> requests.Session:
    made = requests.Session()
    made.mount("http://", AdapterOfBoth())
    return made


@contextmanager
def world() -> Iterator[None]:
    """Set up two empty Catalogs, and an LMS with all of the courses."""
    CATALOGS.update({name: ModelCatalog({}) for name in NAMES})
    for model in (CourseOverview, CatalogCourseRun, SyncRunChange, SyncRun):
        # Not delete(): it would sort course keys of several kinds, which cannot be compared.
        model.objects.all()._raw_delete(using="default")
    add_course_overviews(*KEYS)
    named = {name: {"URL": f"http://{name}/api/v1"} for name in NAMES}
    with (
        without_threads(),
        override_settings(CATALOG_SYNC_CATALOGS=named, CATALOG_SYNC_SESSION_FACTORY=f"{__name__}.session"),
    ):
        yield


def sync(name: str, page_size: int) -> None:
    report = update_catalog_data(catalogs=[name], page_size=page_size, allow_removals=True)
    assert report.status == "succeeded", report.message


def as_last_read(last: dict[str, dict[str, str | None]], key: str) -> str | None:
    """Return the URL that a course should have, from what each Catalog listed at its last sync."""
    own = next((url for name in NAMES if (url := last[name].get(key))), None)
    parent = parent_of_ccx(key)
    return own or (as_last_read(last, parent) if parent else None)


@examples(50)
@given(steps, page_sizes)
def test_after_each_sync_the_first_named_that_had_a_url_provides_it(some, page_size):
    """The same sync that removes a URL publishes that of the other Catalog. A second round writes nothing."""
    with world():
        last: dict[str, dict[str, str | None]] = {name: {} for name in NAMES}
        for step in [*some, *map(Step, NAMES)]:
            if step.key:
                CATALOGS[step.name].set(step.key, step.run)
                continue
            sync(step.name, page_size)
            last[step.name] = {key: CATALOGS[step.name].expected_url(key) for key in KEYS}
            assert marketing_urls() == {key: as_last_read(last, key) for key in KEYS}
        report = update_catalog_data(page_size=page_size, allow_removals=True)
        assert (report.status, report.updated, report.removed) == ("succeeded", 0, 0)
