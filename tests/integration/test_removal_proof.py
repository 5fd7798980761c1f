"""A sync removes a marketing URL only if a complete crawl did not list it and a look-up by key confirms that."""

from __future__ import annotations

import pytest

from catalog_sync.api import pin_marketing_url, update_catalog_data
from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews
from tests.integration.lms import look_ups, marketing_url

pytestmark = pytest.mark.django_db

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(20)]
KEY, OTHER = KEYS[7], KEYS[8]
CCX = "ccx-v1:ExampleX+C07+2026+ccx@1"
URL, CCX_URL, FOREIGN_URL = (f"https://www.example.com/{name}" for name in ("course", "ccx", "foreign"))
LOOK_UP = {"params": {"limit": "200"}}


def in_catalog(key, url=URL, **values):
    return {"key": key, "marketing_url": url} | values


@pytest.fixture
def synced(catalog):
    """An LMS that has been synced with its Catalog."""
    add_course_overviews(*KEYS, CCX)
    catalog.control.set_runs([in_catalog(key) for key in KEYS])
    assert update_catalog_data().status == "succeeded"


class TestConfirmed:
    """Marketing URLs that the Catalog does not have any more."""

    @pytest.fixture(params=["vanished", "unpublished", "without URL"])
    def report(self, request, synced, catalog):
        if request.param == "vanished":
            catalog.control.delete([KEY])
        elif request.param == "unpublished":
            catalog.control.upsert([in_catalog(KEY, status="unpublished")])
        else:
            catalog.control.upsert([in_catalog(KEY, None)])
        return update_catalog_data()

    def test_course_and_its_ccx_courses_lose_the_url_and_others_keep_theirs(self, report):
        assert (marketing_url(KEY), marketing_url(CCX), report.removed) == (None, None, 2)
        assert marketing_url(OTHER) == URL

    def test_removal_is_in_the_history(self, report):
        latest = CourseOverview.history.filter(id=KEY).latest()
        assert (latest.marketing_url, latest.history_change_reason) == (None, "catalog_sync")

    def test_url_is_published_again_if_the_catalog_has_it_again(self, report, catalog):
        catalog.control.upsert([in_catalog(KEY, status="published")])
        update_catalog_data()
        assert marketing_url(KEY) == URL


def test_ccx_course_that_is_created_after_the_look_up_loses_the_url_too(synced, catalog):
    late = CCX.replace("@1", "@2")
    catalog.control.delete([KEY])

    def create_after_look_up() -> bool:
        if look_ups(catalog) and not CourseOverview.objects.filter(pk=late).exists():
            CourseOverviewFactory(id=late)
            assert marketing_url(late) == URL
        return False

    update_catalog_data(should_stop=create_after_look_up)
    assert marketing_url(late) is None


def test_similar_key_of_a_ccx_course_does_not_fail_the_sync(synced, catalog):
    """A database that ignores case finds it among the CCX courses of the deleted course run."""
    CourseOverviewFactory(id="ccx-v1:examplex+c07+2026+ccx@2")
    catalog.control.delete([KEY])
    assert (update_catalog_data().status, marketing_url(KEY)) == ("succeeded", None)


def test_url_of_a_listed_parent_course_run_is_not_looked_up(synced, catalog):
    """A CCX course has the URL of its parent course run."""
    catalog.control.clear_requests()
    update_catalog_data()
    assert not look_ups(catalog)


def test_unpublished_course_run_stays_stored_without_url(synced, catalog):
    catalog.control.upsert([in_catalog(KEY, status="unpublished")])
    update_catalog_data()
    run = CatalogCourseRun.objects.get(course_key=KEY)
    assert (run.status, run.marketing_url) == ("unpublished", None)


class TestUnconfirmed:
    """Marketing URLs that the list did not have, but that the look-up does not confirm as absent."""

    def test_look_up_that_finds_the_course_run_keeps_the_url(self, synced, catalog):
        """The course run is listed again when it is looked up."""
        catalog.control.delete([KEY])
        catalog.control.fault("mutate", match=LOOK_UP, upsert=[in_catalog(KEY)], before=True)
        report = update_catalog_data()
        assert (report.status, report.removed, marketing_url(KEY)) == ("succeeded", 0, URL)

    def test_look_up_that_returns_a_rejected_record_keeps_the_url(self, synced, catalog):
        catalog.control.delete([KEY])
        catalog.control.fault("mutate", match=LOOK_UP, upsert=[in_catalog(KEY, 7)], before=True)
        report = update_catalog_data()
        assert (report.course_runs_rejected, marketing_url(KEY)) == (1, URL)

    def test_rejected_record_is_not_looked_up(self, synced, catalog):
        catalog.control.upsert([in_catalog(KEY, 7), in_catalog(OTHER, "javascript:alert(1)")])
        catalog.control.clear_requests()
        update_catalog_data()
        assert not look_ups(catalog)


class TestCcx:
    """A CCX course that the Catalog lists itself."""

    @pytest.fixture(autouse=True)
    def listed(self, synced, catalog):
        catalog.control.upsert([in_catalog(CCX, CCX_URL)])
        update_catalog_data()
        assert marketing_url(CCX) == CCX_URL

    def test_gets_the_url_of_its_parent_course_run_if_it_loses_its_own(self, catalog):
        catalog.control.delete([CCX])
        update_catalog_data()
        assert marketing_url(CCX) == URL

    def test_keeps_its_own_if_only_the_parent_is_deleted(self, catalog):
        catalog.control.delete([KEY])
        update_catalog_data()
        assert (marketing_url(CCX), marketing_url(KEY)) == (CCX_URL, None)

    def test_keeps_its_own_if_the_parent_that_had_the_same_is_deleted(self, catalog):
        catalog.control.upsert([in_catalog(CCX, URL)])
        update_catalog_data()
        catalog.control.delete([KEY])
        report = update_catalog_data()
        assert (report.removed, marketing_url(CCX), marketing_url(KEY)) == (1, URL, None)

    def test_loses_the_url_if_both_course_runs_are_deleted(self, catalog):
        catalog.control.delete([CCX, KEY])
        update_catalog_data()
        assert marketing_url(CCX) is None

    @pytest.mark.parametrize("in_lms", [True, False])
    def test_is_not_stored_any_more_if_its_course_overview_has_no_url(self, catalog, in_lms):
        CourseOverview.objects.filter(pk__in=[CCX, KEY]).update(marketing_url=None)
        if not in_lms:
            CourseOverview.objects.filter(pk=CCX).delete()
        catalog.control.delete([CCX])
        catalog.control.upsert([in_catalog(KEY, None)])
        update_catalog_data()
        assert not CatalogCourseRun.objects.filter(course_key=CCX).exists()

    def test_loses_it_after_a_sync_that_rejected_the_record_of_the_parent(self, catalog):
        CatalogCourseRun.objects.filter(course_key=KEY).delete()
        catalog.control.delete([CCX])
        catalog.control.upsert([in_catalog(KEY, "no URL")])
        update_catalog_data()
        assert (marketing_url(CCX), CatalogCourseRun.objects.get(course_key=CCX).marketing_url) == (
            CCX_URL,
            CCX_URL,
        )
        catalog.control.delete([KEY])
        update_catalog_data()
        assert marketing_url(CCX) is None


class TestDuringRemovals:
    """A sync that removes a URL gives other courses theirs."""

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_new_ccx_courses_get_the_url_of_their_parent_if_it_stays(self, dry_run, synced, catalog):
        of_other = "ccx-v1:ExampleX+C08+2026+ccx@2"
        add_course_overviews(of_other)
        CourseOverview.objects.filter(id=CCX).update(marketing_url=None)
        catalog.control.delete([OTHER])
        report = update_catalog_data(dry_run=dry_run)
        assert (report.updated, report.removed, report.not_in_catalog) == (1, 1, 2)
        assert (marketing_url(CCX), marketing_url(of_other)) == (None if dry_run else URL, None)

    def test_look_up_that_finds_a_new_url_writes_it_to_the_course_and_its_ccx_courses(self, synced, catalog):
        catalog.control.delete([KEY])
        catalog.control.fault("mutate", match=LOOK_UP, upsert=[in_catalog(KEY, f"{URL}/new")], before=True)
        report = update_catalog_data()
        assert (report.updated, report.removed) == (2, 0)
        assert (marketing_url(KEY), marketing_url(CCX)) == (f"{URL}/new", f"{URL}/new")


class TestForeignUrl:
    """A marketing URL that another tool has set, and that was never stored."""

    @pytest.fixture
    def foreign(self, synced, catalog):
        """Return a function that sets one on a course overview, and syncs."""

        def leave(run):
            catalog.control.delete([KEY])
            update_catalog_data()
            if run:
                catalog.control.upsert([run])
            CourseOverview.objects.filter(pk=KEY).update(marketing_url=FOREIGN_URL)
            return update_catalog_data()

        return leave

    @pytest.mark.parametrize("run", [None, in_catalog(KEY, None), in_catalog(KEY, status="reviewed")])
    def test_is_removed_after_confirmation(self, run, foreign):
        assert (foreign(run).removed, marketing_url(KEY)) == (1, None)

    def test_is_replaced_by_the_url_of_the_catalog(self, foreign):
        foreign(in_catalog(KEY))
        assert marketing_url(KEY) == URL

    def test_is_kept_without_a_look_up_if_the_url_of_the_catalog_is_rejected(self, foreign, catalog):
        assert foreign(in_catalog(KEY, "data:,")).course_runs_rejected == 1
        catalog.control.clear_requests()
        update_catalog_data()
        assert marketing_url(KEY) == FOREIGN_URL
        assert not look_ups(catalog)

    def test_of_a_ccx_course_is_removed_although_one_before_it_has_a_rejected_parent(self, foreign):
        foreign(in_catalog(KEY, "data:,"))
        unlisted = CCX.replace("C07", "C99")
        CourseOverviewFactory(id=unlisted, marketing_url=FOREIGN_URL)
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=FOREIGN_URL)
        update_catalog_data()
        assert (marketing_url(CCX), marketing_url(unlisted)) == (FOREIGN_URL, None)

    def test_of_a_ccx_course_with_a_rejected_record_is_kept_if_its_parent_is_deleted(self, synced, catalog):
        """The Catalog may have a URL for the CCX course."""
        catalog.control.upsert([in_catalog(CCX, "data:,")])
        catalog.control.delete([KEY])
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=FOREIGN_URL)
        update_catalog_data()
        assert (marketing_url(KEY), marketing_url(CCX)) == (None, FOREIGN_URL)

    def test_is_removed_if_the_catalog_never_listed_the_course(self, synced):
        CourseOverviewFactory(id="course-v1:LmsX+Only+2026", marketing_url=FOREIGN_URL)
        update_catalog_data()
        assert marketing_url("course-v1:LmsX+Only+2026") is None


class TestSettingsThatChange:
    """Stored URLs that a new setting makes unusable."""

    @pytest.fixture
    def mixed(self, synced, catalog):
        catalog.control.upsert(
            [in_catalog(KEY, "https://elsewhere.example.org/course"), in_catalog(OTHER, status="reviewed")]
        )

    def test_removing_a_status_removes_the_url(self, mixed, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = ("published", "reviewed")
        update_catalog_data()
        settings.CATALOG_SYNC_RUN_STATUSES = ("published",)
        update_catalog_data()
        assert marketing_url(OTHER) is None

    def test_adding_a_status_adds_the_url(self, mixed, settings):
        update_catalog_data()
        settings.CATALOG_SYNC_RUN_STATUSES = None
        update_catalog_data()
        assert marketing_url(OTHER) == URL

    def test_disallowing_a_host_removes_its_urls(self, mixed, settings):
        update_catalog_data()
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ("www.example.com",)
        update_catalog_data()
        assert marketing_url(KEY) is None


def test_next_sync_removes_a_url_that_an_old_instance_restored(synced, catalog):
    old_copy = CourseOverview.objects.get(pk=KEY)
    catalog.control.delete([KEY])
    update_catalog_data()
    old_copy.save()
    update_catalog_data()
    assert marketing_url(KEY) is None


class TestUnconfirmedWithoutUrl:
    """A marketing URL that the Catalog does not list any more, and whose course overview has none."""

    @pytest.fixture(autouse=True)
    def recreated_and_unpublished(self, synced, catalog):
        CourseOverview.objects.filter(pk=KEY).delete()
        add_course_overviews(KEY, language=None)
        catalog.control.upsert([in_catalog(KEY, status="unpublished", content_language="fr-fr")])

    def test_url_is_not_written_before_its_removal(self):
        report = update_catalog_data()
        assert (report.updated, report.removed, marketing_url(KEY)) == (0, 1, None)

    def test_other_fields_are_written(self, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        update_catalog_data()
        assert CourseOverview.objects.get(pk=KEY).language == "fr-fr"

    def test_pin_is_written(self):
        pin_marketing_url(KEY, CCX_URL)
        CourseOverview.objects.filter(pk=KEY).update(marketing_url=None)
        update_catalog_data()
        assert marketing_url(KEY) == CCX_URL
