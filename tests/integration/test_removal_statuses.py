"""A sync removes no marketing URL while a setting names a status that the Catalog does not have."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import add_course_overviews
from tests.integration.lms import look_ups, marketing_url, number_of_marketing_urls

pytestmark = pytest.mark.django_db

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(20)]
CCX = "ccx-v1:ExampleX+C00+2026+ccx@7"
URL = "https://www.example.com/course"
# The Catalog's name is "review_by_legal".
MISSPELLED = ["published", "legal_review"]


@pytest.fixture(autouse=True)
def synced(catalog):
    """An LMS with the marketing URLs of twenty course runs, and of a CCX course."""
    add_course_overviews(*KEYS, CCX)
    catalog.control.set_runs({"key": key, "marketing_url": URL} for key in KEYS)
    update_catalog_data()


def stored_urls():
    return CatalogCourseRun.objects.filter(marketing_url__isnull=False).count()


class TestRefused:
    """One course run was deleted in the Catalog."""

    @pytest.fixture(autouse=True)
    def misspelled(self, catalog, settings):
        catalog.control.delete(KEYS[:1])
        settings.CATALOG_SYNC_RUN_STATUSES = MISSPELLED

    @pytest.mark.parametrize(
        "options",
        [{}, {"allow_removals": True}, {"course_keys": KEYS[:1]}, {"dry_run": True}],
        ids=["full", "removals allowed", "course key", "dry run"],
    )
    def test_removes_nothing(self, options):
        report = update_catalog_data(**options)
        assert (report.status, report.removed, number_of_marketing_urls()) == ("refused", 0, 21)
        assert stored_urls() == 20

    def test_message_names_the_fault_first_and_then_the_consequence_and_the_remedy(self):
        message = update_catalog_data().message
        assert message.startswith("CATALOG_SYNC_RUN_STATUSES names a status that the Catalog does not have")
        words = ("'legal_review'", "no marketing URL", "review_by_legal", "correct")
        assert [word for word in words if word not in message] == []

    def test_writes_what_changed(self, catalog):
        catalog.control.upsert([{"key": KEYS[5], "marketing_url": f"{URL}/changed"}])
        update_catalog_data()
        assert marketing_url(KEYS[5]) == f"{URL}/changed"

    def test_looks_up_no_course_run(self, catalog):
        catalog.control.clear_requests()
        update_catalog_data()
        assert not look_ups(catalog)

    def test_next_sync_removes_the_url_when_the_setting_is_corrected(self, settings):
        update_catalog_data()
        settings.CATALOG_SYNC_RUN_STATUSES = ["published", "review_by_legal"]
        assert (update_catalog_data().status, number_of_marketing_urls()) == ("succeeded", 19)

    def test_keeps_the_stored_url_of_a_course_that_the_lms_does_not_have(self):
        for key in (KEYS[0], CCX):
            CourseOverview.objects.get(pk=key).delete()
        assert (update_catalog_data().status, stored_urls()) == ("refused", 20)


def test_incremental_sync_is_refused_too(catalog, settings):
    settings.CATALOG_SYNC_RUN_STATUSES = MISSPELLED
    catalog.control.upsert([{"key": KEYS[0], "marketing_url": URL, "status": "unpublished"}])
    report = update_catalog_data(changed=True)
    assert (report.status, report.removed, number_of_marketing_urls()) == ("refused", 0, 21)


def test_status_that_is_misspelled_alone_removes_nothing(settings):
    settings.CATALOG_SYNC_RUN_STATUSES = ["publishd"]
    assert (update_catalog_data(allow_removals=True).status, number_of_marketing_urls()) == ("refused", 21)


def test_sync_without_a_removal_succeeds(settings):
    settings.CATALOG_SYNC_RUN_STATUSES = MISSPELLED
    assert update_catalog_data().status == "succeeded"


def test_course_key_of_a_course_run_with_a_ccx_course_succeeds(settings):
    settings.CATALOG_SYNC_RUN_STATUSES = MISSPELLED
    assert update_catalog_data(course_keys=KEYS[:1]).status == "succeeded"


@pytest.mark.parametrize("status", ["unpublished", "review_by_legal", "review_by_internal", "reviewed"])
def test_each_status_of_the_catalog_is_known(status, catalog, settings):
    settings.CATALOG_SYNC_RUN_STATUSES = ["published", status]
    catalog.control.delete(KEYS[:1])
    assert (update_catalog_data().status, number_of_marketing_urls()) == ("succeeded", 19)


def test_new_status_is_known_once_a_course_run_has_it(catalog, settings):
    settings.CATALOG_SYNC_RUN_STATUSES = ["published", "archived"]
    catalog.control.upsert([{"key": KEYS[9], "marketing_url": URL, "status": "archived"}])
    catalog.control.delete(KEYS[:1])
    assert (update_catalog_data().status, number_of_marketing_urls()) == ("succeeded", 19)


def test_status_of_a_course_run_of_another_catalog_is_unknown(catalog, settings):
    CatalogCourseRun.objects.create(
        course_key="course-v1:OtherX+A+2026", catalog="other", status="legal_review"
    )
    settings.CATALOG_SYNC_RUN_STATUSES = MISSPELLED
    catalog.control.delete(KEYS[:1])
    assert update_catalog_data().status == "refused"
