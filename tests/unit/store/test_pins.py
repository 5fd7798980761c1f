"""Pinned marketing URLs override the Catalog. Unpinning restores the URL that the course would have without the pin."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from opaque_keys.edx.keys import CourseKey

from catalog_sync import api
from catalog_sync.api import pin_marketing_url, unpin_marketing_url
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl, SyncRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseOverviewFactory, UserFactory

pytestmark = pytest.mark.django_db

KEY, OTHER, OLD_STYLE = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026", "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
TOO_LONG = f"course-v1:ExampleX+{'C' * 250}+2026"
CATALOG_URL, NEW_URL = "https://www.example.com/course/one", "https://www.example.com/course/new"
PIN, OTHER_PIN = "https://www.example.com/pinned", "https://www.example.com/pinned-otherwise"


def marketing_url(key=KEY):
    return CourseOverview.objects.get(pk=key).marketing_url


def row(key=KEY):
    return CatalogCourseRun.objects.get(course_key=key)


def the_pin(key=KEY):
    return PinnedMarketingUrl.objects.get(course_key=key)


def known(key=KEY, url=CATALOG_URL):
    """Store a course run, as a sync does."""
    course_runs.record({key: CatalogData("published", url)}, "default")


@contextmanager
def after_reading(model, act):
    """Call ``act`` once, after the first query that reads this table."""
    has_acted = []

    def act_next(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if model._meta.db_table in sql and not has_acted:
            has_acted.append(sql)
            act()
        return result

    with connection.execute_wrapper(act_next):
        yield
    assert has_acted


class TestPin:
    """An operator pins a URL."""

    @pytest.mark.parametrize("key", [KEY, OLD_STYLE, CCX])
    def test_pin_is_written_immediately(self, key):
        CourseOverviewFactory(id=key)
        pin_marketing_url(key, PIN)
        assert marketing_url(key) == PIN

    def test_returns_the_stored_course_key(self):
        assert pin_marketing_url(CourseKey.from_string(KEY), PIN) == the_pin().course_key

    def test_overrides_the_url_of_the_catalog(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        assert marketing_url() == PIN

    def test_keeps_the_stored_course_run(self):
        known()
        pin_marketing_url(KEY, PIN)
        assert course_runs.read([KEY]).of_catalog("default")[KEY].data == CatalogData(
            "published", CATALOG_URL
        )

    def test_keeps_its_modified_time(self):
        known()
        before = row().modified
        pin_marketing_url(KEY, PIN)
        assert row().modified == before

    def test_stores_the_user(self):
        user = UserFactory()
        pin_marketing_url(KEY, PIN, user)
        assert the_pin().pinned_by == user

    def test_stores_the_time(self):
        pin_marketing_url(KEY, PIN)
        assert the_pin().pinned_at is not None

    def test_stores_the_reason(self):
        pin_marketing_url(KEY, PIN, reason=" The Catalog has last year's page. ")
        assert the_pin().reason == "The Catalog has last year's page."

    def test_stores_no_course_run(self):
        pin_marketing_url(KEY, PIN)
        assert not CatalogCourseRun.objects.exists()

    def test_remains_after_its_user_is_deleted(self):
        user = UserFactory()
        pin_marketing_url(KEY, PIN, user)
        user.delete()
        assert (the_pin().url, the_pin().pinned_by) == (PIN, None)

    def test_can_be_replaced(self):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        pin_marketing_url(KEY, OTHER_PIN)
        assert marketing_url() == OTHER_PIN

    def test_white_space_around_it_is_dropped(self):
        pin_marketing_url(KEY, f"  {PIN}\n")
        assert the_pin().url == PIN

    def test_leaves_other_courses_alone(self):
        CourseOverviewFactory(id=OTHER)
        pin_marketing_url(KEY, PIN)
        assert marketing_url(OTHER) is None

    def test_is_kept_in_the_history_once(self):
        CourseOverviewFactory(id=KEY)
        before = CourseOverview.history.count()
        pin_marketing_url(KEY, PIN)
        assert CourseOverview.history.count() == before + 1

    def test_of_the_current_url_does_not_write_the_course_overview(self):
        CourseOverviewFactory(id=KEY, marketing_url=PIN)
        before = CourseOverview.objects.get().modified
        pin_marketing_url(KEY, PIN)
        assert CourseOverview.objects.get().modified == before

    def test_is_logged(self, caplog):
        caplog.set_level("INFO", "catalog_sync")
        pin_marketing_url(KEY, PIN)
        assert "event=catalog_sync.pinned" in caplog.text

    @pytest.mark.usefixtures("no_sockets")
    def test_needs_no_network(self):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert marketing_url() is None

    def test_first_waits_for_a_page_that_is_being_written_and_never_again_in_its_transaction(self):
        SyncRun.objects.create(lease="default", holder="worker-7")
        with CaptureQueriesContext(connection) as captured:
            pin_marketing_url(KEY, PIN)
        statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        assert ["catalog_sync_syncrun" in sql for sql in statements] == [True] + [False] * (
            len(statements) - 1
        )


class TestRefused:
    """What may not be pinned."""

    @pytest.mark.parametrize(
        "url",
        ["", "/relative", "javascript:alert(1)", "https://user@www.example.com/", "https://a b/", "x" * 9],
    )
    def test_invalid_url_is_refused(self, url):
        with pytest.raises(api.UsageError, match="cannot be pinned"):
            pin_marketing_url(KEY, url)

    def test_url_of_a_host_that_is_not_allowed_is_refused(self, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ("www.example.org",)
        with pytest.raises(api.UsageError, match="CATALOG_SYNC_MARKETING_URL_HOSTS"):
            pin_marketing_url(KEY, PIN)

    def test_text_that_is_not_a_course_key_is_refused(self):
        with pytest.raises(api.UsageError, match="is not a course key"):
            pin_marketing_url("nonsense", PIN)

    def test_too_long_course_key_is_refused(self):
        with pytest.raises(api.UsageError, match="255"):
            pin_marketing_url(TOO_LONG, PIN)

    @pytest.mark.parametrize(
        ("key", "url", "argument"),
        [(KEY, "/relative", "url"), ("nonsense", PIN, "course_key"), (TOO_LONG, PIN, "course_key")],
    )
    def test_error_names_the_argument(self, key, url, argument):
        with pytest.raises(api.UsageError) as refusal:
            pin_marketing_url(key, url)
        assert refusal.value.argument == argument

    def test_leaves_no_row(self):
        with pytest.raises(api.UsageError):
            pin_marketing_url(KEY, "/relative")
        assert not PinnedMarketingUrl.objects.exists()


class TestUnpin:
    """An operator unpins it."""

    def test_restores_the_url_of_the_catalog(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert marketing_url() == CATALOG_URL

    def test_unpinning_restores_a_newer_url_of_the_catalog(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        known(url=NEW_URL)
        unpin_marketing_url(KEY)
        assert marketing_url() == NEW_URL

    def test_unpinning_restores_nothing_if_the_catalog_has_no_url(self):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert marketing_url() is None

    def test_of_a_course_that_the_catalog_never_listed_leaves_no_row(self):
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert [model.objects.count() for model in (CatalogCourseRun, PinnedMarketingUrl)] == [0, 0]

    def test_deletes_user_and_time(self):
        known()
        pin_marketing_url(KEY, PIN, UserFactory())
        unpin_marketing_url(KEY)
        assert not PinnedMarketingUrl.objects.exists()

    def test_returns_true_if_there_was_a_pin(self):
        pin_marketing_url(KEY, PIN)
        assert unpin_marketing_url(KEY)

    def test_returns_false_without_a_pin(self):
        assert not unpin_marketing_url(KEY)

    def test_of_nothing_leaves_the_course_overview_alone(self):
        CourseOverviewFactory(id=KEY, marketing_url=CATALOG_URL)
        unpin_marketing_url(KEY)
        assert marketing_url() == CATALOG_URL

    def test_text_that_is_not_a_course_key_is_refused(self):
        with pytest.raises(api.UsageError, match="is not a course key"):
            unpin_marketing_url("nonsense")


class TestCcx:
    """A CCX course has its own pin, its own URL, the pin of its parent course run or the URL of that."""

    @pytest.fixture(autouse=True)
    def course_overviews(self):
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id=CCX)

    def test_has_the_pin_of_its_parent(self):
        pin_marketing_url(KEY, PIN)
        assert marketing_url(CCX) == PIN

    def test_own_url_overrides_the_pin_of_its_parent(self):
        known(CCX, NEW_URL)
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=NEW_URL)
        pin_marketing_url(KEY, PIN)
        assert marketing_url(CCX) == NEW_URL

    def test_own_pin_overrides_that_of_its_parent(self):
        pin_marketing_url(CCX, OTHER_PIN)
        pin_marketing_url(KEY, PIN)
        assert marketing_url(CCX) == OTHER_PIN

    def test_has_the_pin_of_its_parent_after_its_own_is_unpinned(self):
        pin_marketing_url(KEY, PIN)
        pin_marketing_url(CCX, OTHER_PIN)
        unpin_marketing_url(CCX)
        assert marketing_url(CCX) == PIN

    def test_has_the_url_of_its_parent_after_the_pin_is_unpinned(self):
        known()
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert marketing_url(CCX) == CATALOG_URL

    def test_has_no_url_after_unpinning_if_no_url_is_stored(self):
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert marketing_url(CCX) is None

    @pytest.mark.parametrize("foreign", ["https://a.example.com/", "https://z.example.com/"])
    def test_keeps_the_url_of_another_tool_after_the_pin_of_its_parent_is_unpinned(self, foreign):
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=foreign)
        unpin_marketing_url(KEY)
        assert marketing_url(CCX) == foreign


class TestPreviousUrl:
    """Unpinning restores the URL that another tool had set before, if no Catalog has one."""

    FOREIGN = "https://www.example.com/foreign"

    @pytest.fixture(autouse=True)
    def foreign(self):
        CourseOverviewFactory(id=KEY, marketing_url=self.FOREIGN)

    def test_comes_back(self):
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert marketing_url() == self.FOREIGN

    def test_comes_back_after_several_pins(self):
        pin_marketing_url(KEY, PIN)
        pin_marketing_url(KEY, OTHER_PIN)
        unpin_marketing_url(KEY)
        assert marketing_url() == self.FOREIGN

    def test_comes_back_to_a_course_overview_that_was_created_again(self):
        pin_marketing_url(KEY, PIN)
        publish_course(KEY)
        unpin_marketing_url(KEY)
        assert marketing_url() == self.FOREIGN

    def test_stays_if_it_was_the_pinned_url(self):
        pin_marketing_url(KEY, self.FOREIGN)
        unpin_marketing_url(KEY)
        assert marketing_url() == self.FOREIGN

    def test_does_not_come_back_if_the_catalog_has_one(self):
        pin_marketing_url(KEY, PIN)
        known()
        unpin_marketing_url(KEY)
        assert marketing_url() == CATALOG_URL

    def test_does_not_replace_what_another_tool_has_set_since(self):
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=NEW_URL)
        unpin_marketing_url(KEY)
        assert marketing_url() == NEW_URL

    def test_stays_when_the_course_was_saved_before_the_unpinning_and_is_compared_after_it(
        self, django_capture_on_commit_callbacks
    ):
        pin_marketing_url(KEY, PIN)
        with django_capture_on_commit_callbacks() as callbacks:
            CourseOverview.objects.get().save()
        unpin_marketing_url(KEY)
        for callback in callbacks:
            callback()
        assert marketing_url() == self.FOREIGN

    @pytest.mark.parametrize("read", [CatalogCourseRun, CourseOverview])
    def test_is_not_kept_if_a_catalog_provides_it_during_the_pinning(self, read):
        """A sync commits after the pinning has read one of the two tables."""
        CourseOverview.objects.update(marketing_url=None)

        def sync():
            known()
            CourseOverview.objects.update(marketing_url=CATALOG_URL)

        with after_reading(read, sync):
            pin_marketing_url(KEY, PIN)
        assert the_pin().previous_url is None

    @pytest.mark.parametrize("read", [CatalogCourseRun, CourseOverview])
    def test_is_not_kept_if_a_catalog_loses_it_during_the_pinning(self, read):
        """A sync commits after the pinning has read one of the two tables."""
        known(url=self.FOREIGN)

        def sync():
            CatalogCourseRun.objects.all().delete()
            CourseOverview.objects.update(marketing_url=None)

        with after_reading(read, sync):
            pin_marketing_url(KEY, PIN)
        assert the_pin().previous_url is None

    def test_is_not_kept_if_the_catalog_had_provided_it(self):
        known(url=self.FOREIGN)
        pin_marketing_url(KEY, PIN)
        CatalogCourseRun.objects.all().delete()
        unpin_marketing_url(KEY)
        assert marketing_url() is None


class TestRecreated:
    """Publishing deletes the course overview and creates it anew."""

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_has_its_pin_from_the_start(self, key):
        known()
        pin_marketing_url(KEY, PIN)
        assert publish_course(key).marketing_url == PIN

    def test_does_not_have_a_pin_that_was_deleted(self):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert publish_course(KEY).marketing_url is None
