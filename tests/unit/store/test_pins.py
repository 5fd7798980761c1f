"""Pinned marketing URLs override the Catalog. Unpinning restores the URL that the course would have without the pin."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection
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
LONGEST = f"course-v1:ExampleX+{'C' * 231}+2026"
TOO_LONG = f"course-v1:ExampleX+{'C' * 250}+2026"
CATALOG_URL, NEW_URL = "https://www.example.com/course/one", "https://www.example.com/course/new"
PIN, OTHER_PIN = "https://www.example.com/pinned", "https://www.example.com/pinned-otherwise"


def marketing_url(key=KEY):
    return CourseOverview.objects.get(pk=key).marketing_url


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
    def test_overrides_the_url_of_the_catalog_immediately_and_can_be_replaced(self, key):
        known(key)
        CourseOverviewFactory(id=key)
        for url in (PIN, OTHER_PIN):
            pin_marketing_url(key, url)
            assert marketing_url(key) == url

    def test_stores_what_was_given_and_the_time_but_no_course_run(self):
        user = UserFactory()
        returned = pin_marketing_url(CourseKey.from_string(KEY), f"  {PIN}\n", user, " The old page. ")
        pin = the_pin()
        assert (pin.url, pin.pinned_by, pin.reason) == (PIN, user, "The old page.")
        assert (returned, pin.pinned_at is None) == (KEY, False)
        assert not CatalogCourseRun.objects.exists()

    def test_keeps_the_stored_course_run(self):
        known()
        before = CatalogCourseRun.objects.values().get()
        pin_marketing_url(KEY, PIN)
        assert CatalogCourseRun.objects.values().get() == before

    def test_remains_after_its_user_is_deleted(self):
        user = UserFactory()
        pin_marketing_url(KEY, PIN, user)
        user.delete()
        assert (the_pin().url, the_pin().pinned_by) == (PIN, None)

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

    def test_may_be_for_the_longest_course_key(self):
        assert (pin_marketing_url(LONGEST, PIN), len(LONGEST)) == (LONGEST, 255)

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
        ("key", "url", "message"),
        [
            *(
                (KEY, url, "cannot be pinned")
                for url in (
                    "",
                    "/relative",
                    "javascript:alert(1)",
                    "https://user@www.example.com/",
                    "https://a b/",
                )
            ),
            (KEY, PIN.replace("com", "org"), "CATALOG_SYNC_MARKETING_URL_HOSTS"),
            ("nonsense", PIN, "is not a course key"),
            (TOO_LONG, PIN, "255"),
        ],
    )
    def test_is_refused_by_an_error_that_names_the_argument_and_leaves_no_row(
        self, key, url, message, settings
    ):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ("www.example.com",)
        with pytest.raises(api.UsageError, match=message) as refusal:
            pin_marketing_url(key, url)
        assert refusal.value.argument == ("url" if key == KEY else "course_key")
        assert not PinnedMarketingUrl.objects.exists()


class TestUnpin:
    """An operator unpins it."""

    @pytest.mark.parametrize(
        ("before", "meanwhile", "expected"),
        [(CATALOG_URL, None, CATALOG_URL), (CATALOG_URL, NEW_URL, NEW_URL), (None, None, None)],
        ids=["the URL of the Catalog", "its newer URL", "nothing if it has none"],
    )
    def test_restores(self, before, meanwhile, expected):
        if before:
            known(url=before)
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN, UserFactory())
        if meanwhile:
            known(url=meanwhile)
        assert unpin_marketing_url(KEY)
        assert marketing_url() == expected
        assert not PinnedMarketingUrl.objects.exists()

    def test_stores_no_course_run(self):
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert not CatalogCourseRun.objects.exists()

    def test_of_nothing_returns_false_and_leaves_the_course_overview_alone(self):
        CourseOverviewFactory(id=KEY, marketing_url=CATALOG_URL)
        assert not unpin_marketing_url(KEY)
        assert marketing_url() == CATALOG_URL

    def test_is_logged_if_there_was_a_pin(self, caplog):
        caplog.set_level("INFO", "catalog_sync")
        unpin_marketing_url(KEY)
        assert "event=catalog_sync.unpinned" not in caplog.text
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert caplog.text.count("event=catalog_sync.unpinned") == 1

    def test_text_that_is_not_a_course_key_is_refused(self):
        with pytest.raises(api.UsageError, match="is not a course key"):
            unpin_marketing_url("nonsense")


@contextmanager
def failing(model, verb, number=1):
    """Let the database refuse the statements of this kind on this table, from this number on."""
    sent = []

    def refuse(execute, sql, *rest):
        if sql.startswith(verb) and model._meta.db_table in sql:
            sent.append(sql)
            if len(sent) >= number:
                raise DatabaseError("the disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield
    assert len(sent) >= number


@pytest.mark.django_db(transaction=True)
class TestDatabaseError:
    """Pinning and unpinning change the pin and the course overview, or neither."""

    @pytest.fixture(autouse=True)
    def course(self):
        CourseOverviewFactory(id=KEY)

    def test_no_pin_is_stored_if_the_course_overview_cannot_be_written(self):
        with failing(CourseOverview, "UPDATE"), pytest.raises(DatabaseError):
            pin_marketing_url(KEY, PIN)
        assert (PinnedMarketingUrl.objects.count(), marketing_url()) == (0, None)

    def test_pin_is_kept_if_the_course_overview_cannot_be_written(self):
        pin_marketing_url(KEY, PIN)
        with failing(CourseOverview, "UPDATE"), pytest.raises(DatabaseError):
            unpin_marketing_url(KEY)
        assert (the_pin().url, marketing_url()) == (PIN, PIN)

    def test_after_the_commit_is_no_failure(self):
        with failing(SyncRun, "SELECT", number=2):
            pin_marketing_url(KEY, PIN)
        assert (the_pin().url, marketing_url()) == (PIN, PIN)


class TestCcx:
    """A CCX course has its own pin, its own URL, the pin of its parent course run or the URL of that."""

    @pytest.fixture(autouse=True)
    def course_overviews(self):
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id=CCX)

    def test_own_url_overrides_the_pin_of_its_parent(self):
        known(CCX, NEW_URL)
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=NEW_URL)
        pin_marketing_url(KEY, PIN)
        assert marketing_url(CCX) == NEW_URL

    @pytest.mark.parametrize("first", [KEY, CCX])
    def test_own_pin_overrides_that_of_its_parent_until_it_is_unpinned(self, first):
        for key in (first, KEY if first == CCX else CCX):
            pin_marketing_url(key, OTHER_PIN if key == CCX else PIN)
        assert marketing_url(CCX) == OTHER_PIN
        unpin_marketing_url(CCX)
        assert marketing_url(CCX) == PIN

    @pytest.mark.parametrize("url", [CATALOG_URL, None])
    def test_has_the_pin_of_its_parent_until_that_is_unpinned(self, url):
        if url:
            known(url=url)
        pin_marketing_url(KEY, PIN)
        assert marketing_url(CCX) == PIN
        unpin_marketing_url(KEY)
        assert marketing_url(CCX) == url

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

    @pytest.mark.parametrize("pins", [[PIN], [PIN, OTHER_PIN], [FOREIGN]], ids=["one", "several", "the same"])
    def test_comes_back_after_pins(self, pins):
        for url in pins:
            pin_marketing_url(KEY, url)
        unpin_marketing_url(KEY)
        assert marketing_url() == self.FOREIGN

    def test_comes_back_to_a_course_overview_that_was_created_again(self):
        pin_marketing_url(KEY, PIN)
        publish_course(KEY)
        unpin_marketing_url(KEY)
        assert marketing_url() == self.FOREIGN

    def test_does_not_come_to_a_ccx_course(self):
        CourseOverviewFactory(id=CCX)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert (marketing_url(), marketing_url(CCX)) == (self.FOREIGN, None)

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
