"""A sync run stores which courses it changed, removed and rejected: course key, old and new URL, and the reason."""

from __future__ import annotations

import pytest

from catalog_sync.api import pin_marketing_url, sync_run_changes, update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRunChange
from catalog_sync.store.changes import Change
from catalog_sync.sync import run_changes
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, NEW_URL, FOREIGN_URL = (f"https://www.example.com/{name}" for name in ("old", "new", "foreign"))


@pytest.fixture(autouse=True)
def synced(catalog):
    """A course overview with a URL of the Catalog."""
    CourseOverviewFactory(id=KEY, language="en")
    catalog.control.set_runs([{"key": KEY, "marketing_url": URL}])
    update_catalog_data()


def changes(**options):
    return list(sync_run_changes(update_catalog_data(**options).run_id))


class TestChanged:
    """Course overviews that got other values."""

    def test_have_the_old_and_the_new_url(self, catalog):
        CourseOverviewFactory(id=OTHER)
        catalog.control.upsert([{"key": KEY, "marketing_url": NEW_URL}, {"key": OTHER, "marketing_url": URL}])
        assert changes() == [
            Change(KEY, "changed", URL, NEW_URL, ""),
            Change(OTHER, "changed", None, URL, ""),
        ]

    def test_have_a_reason_if_only_other_fields_changed(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        catalog.control.upsert([{"key": KEY, "content_language": "fr"}])
        assert changes() == [Change(KEY, "changed", URL, URL, "other fields: language")]

    def test_are_also_ccx_courses(self, catalog):
        add_course_overviews(CCX, marketing_url=URL)
        catalog.control.upsert([{"key": KEY, "marketing_url": NEW_URL}])
        assert Change(CCX, "changed", URL, NEW_URL, "") in changes()

    def test_are_also_courses_that_get_their_pinned_url_back(self, catalog):
        CourseOverviewFactory(id=OTHER)
        pin_marketing_url(OTHER, NEW_URL)
        CourseOverview.objects.filter(pk=OTHER).update(marketing_url=None)
        assert changes() == [Change(OTHER, "changed", None, NEW_URL, "")]

    def test_unchanged_catalog_has_none(self):
        assert changes() == []


class TestRemoved:
    """Course overviews that lost their URL."""

    @pytest.mark.parametrize(
        ("listed", "reason"),
        [
            (None, "not in the Catalog any more"),
            ({"marketing_url": None}, "no marketing URL in the Catalog"),
            ({"status": "unpublished"}, "status 'unpublished' in the Catalog"),
        ],
    )
    def test_have_the_reason(self, listed, reason, catalog):
        catalog.control.set_runs([{"key": KEY, "marketing_url": URL} | listed] if listed else [])
        assert changes() == [Change(KEY, "removed", URL, None, reason)]

    def test_have_the_reason_if_a_setting_rejects_the_url(self, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ["www.example.org"]
        reason = "marketing URL: host not in CATALOG_SYNC_MARKETING_URL_HOSTS"
        assert changes() == [
            Change(KEY, kind, URL, new, reason) for kind, new in (("rejected", URL), ("removed", None))
        ]

    def test_have_the_reason_of_the_parent_course_run(self, catalog):
        add_course_overviews(CCX, marketing_url=URL)
        catalog.control.set_runs([])
        reason = "parent course run: not in the Catalog any more"
        assert Change(CCX, "removed", URL, None, reason) in changes()

    @pytest.mark.parametrize(
        ("listed", "reason"),
        [
            ([], "the URL of another tool that the Catalog does not list"),
            (
                [{"key": OTHER, "status": "reviewed"}],
                "the URL of another tool; status 'reviewed' in the Catalog",
            ),
            (
                [{"key": OTHER, "marketing_url": None}],
                "the URL of another tool; no marketing URL in the Catalog",
            ),
        ],
    )
    def test_name_the_url_of_another_tool(self, listed, reason, catalog):
        CourseOverviewFactory(id=OTHER, marketing_url=FOREIGN_URL)
        catalog.control.upsert(listed)
        assert changes() == [Change(OTHER, "removed", FOREIGN_URL, None, reason)]

    def test_name_the_url_of_another_tool_on_a_ccx_course(self):
        ccx = "ccx-v1:ExampleX+Other+2026+ccx@7"
        CourseOverviewFactory(id=ccx, marketing_url=FOREIGN_URL)
        reason = "the URL of another tool that the Catalog does not list"
        assert changes() == [Change(ccx, "removed", FOREIGN_URL, None, reason)]


class TestRefused:
    """A refused sync run stores what it refused to remove, and what it changed."""

    @pytest.fixture
    def many(self, catalog):
        keys = [f"course-v1:ManyX+C{number:02}+2026" for number in range(12)]
        add_course_overviews(*keys)
        catalog.control.upsert({"key": key, "marketing_url": URL} for key in keys)
        update_catalog_data()
        catalog.control.delete(keys)
        catalog.control.upsert([{"key": KEY, "marketing_url": NEW_URL}])
        return keys

    def test_by_the_list(self, many):
        reason = "refused: the Catalog's list has no usable marketing URL for it"
        assert changes() == [
            Change(KEY, "changed", URL, NEW_URL, ""),
            *(Change(key, "removed", URL, None, reason) for key in many),
        ]

    def test_by_look_ups(self, many):
        reason = "refused: not in the Catalog any more"
        assert changes(course_keys=many) == [Change(key, "removed", URL, None, reason) for key in many]

    def test_because_of_a_status(self, many, settings, catalog):
        settings.CATALOG_SYNC_RUN_STATUSES = ["published", "legal_review"]
        catalog.control.upsert({"key": key, "marketing_url": URL} for key in many[1:])
        [_, removed] = changes()
        assert (removed.course_key, removed.reason[:9]) == (many[0], "refused: ")


class TestRejected:
    """Records that cannot be applied."""

    def test_have_the_stored_and_the_rejected_url(self, catalog):
        catalog.control.upsert([{"key": KEY, "marketing_url": "course/one"}])
        reason = "marketing URL: not an absolute http or https URL"
        assert changes() == [Change(KEY, "rejected", URL, "course/one", reason)]

    def test_have_texts_that_every_database_can_store(self, catalog):
        key, url = "a\N{ZERO WIDTH SPACE}\N{GRINNING FACE}" + "x" * 250, "\x00" + "y" * 3_000
        catalog.control.upsert([{"key": key, "marketing_url": url}])
        [change] = changes()
        assert (change.course_key, change.new) == ("a\ufffd\ufffd" + "x" * 250, "\ufffd" + "y" * 2_047)

    def test_without_a_key_are_stored_without_a_key(self, catalog):
        catalog.control.upsert([{"key": ""}])
        assert [each.course_key for each in changes()] == [""]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("page_size", [2, 50])
def test_only_the_first_of_each_kind_are_stored(page_size, dry_run, monkeypatch, catalog):
    monkeypatch.setattr(run_changes, "MAX_PER_KIND", 3)
    add_course_overviews(*(f"course-v1:NewX+C{number}+2026" for number in range(10)))
    catalog.control.upsert({"key": f"course-v1:NewX+C{number}+2026"} for number in range(10))
    catalog.control.upsert({"key": f"no key {number}"} for number in range(10))
    report = update_catalog_data(page_size=page_size, dry_run=dry_run)
    assert (report.updated, report.course_runs_rejected) == (10, 10)
    kinds = [change.kind for change in sync_run_changes(report.run_id)]
    assert kinds == ["changed"] * 3 + ["rejected"] * 3


def test_incremental_sync_and_single_course_store_them_too(catalog):
    catalog.control.upsert([{"key": KEY, "marketing_url": NEW_URL}])
    assert changes(changed=True) == [Change(KEY, "changed", URL, NEW_URL, "")]
    catalog.control.upsert([{"key": KEY, "marketing_url": URL}])
    assert changes(course_keys=[KEY]) == [Change(KEY, "changed", NEW_URL, URL, "")]


def test_are_deleted_with_their_sync_run(catalog):
    catalog.control.set_runs([])
    run_id = update_catalog_data().run_id
    SyncRunChange.objects.get(sync_run=run_id).sync_run.delete()
    assert not sync_run_changes(run_id)


def test_stored_course_run_of_another_catalog_is_not_the_old_url(catalog):
    CatalogCourseRun.objects.create(course_key=OTHER, catalog="former", marketing_url=URL)
    catalog.control.upsert([{"key": OTHER, "marketing_url": "course/other"}])
    assert [change.old for change in changes() if change.kind == "rejected"] == [None]
