"""Pinned marketing URLs: they win over the Catalog until they are taken away, and leave no trace then."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync import api, replica
from catalog_sync.api import pin_marketing_url, unpin_marketing_url, update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.replica import Held
from sandbox.catalog.testing import COURSE_RUNS_PATH
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseOverviewFactory, UserFactory
from tests.integration.sql import statements
from tests.properties import histories
from tests.properties import test_histories as the_histories
from tests.properties.model_catalog import Run
from tests.properties.model_lms import truths

pytestmark = pytest.mark.django_db

KEY, OTHER, OLD_STYLE = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026", "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
CATALOG_URL, NEW_URL = "https://www.example.com/course/one", "https://www.example.com/course/new"
PIN, OTHER_PIN = "https://www.example.com/pinned", "https://www.example.com/pinned-otherwise"


def shown(key=KEY):
    return CourseOverview.objects.get(pk=key).marketing_url


def row(key=KEY):
    return CatalogCourseRun.objects.get(course_key=key)


def known(key=KEY, url=CATALOG_URL):
    """Let the replica hold a run, as after a sync."""
    replica.record({key: Held("published", url)})


class TestPin:
    """Setting a URL by hand."""

    @pytest.mark.parametrize("key", [KEY, OLD_STYLE, CCX])
    def test_is_shown_at_once(self, key):
        CourseOverviewFactory(id=key)
        pin_marketing_url(key, PIN)
        assert shown(key) == PIN

    def test_wins_over_what_the_catalog_says(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        assert shown() == PIN

    def test_keeps_what_the_catalog_says(self):
        known()
        pin_marketing_url(KEY, PIN)
        assert replica.read([KEY])[KEY].held == Held("published", CATALOG_URL)

    def test_keeps_when_the_catalog_said_it(self):
        known()
        before = row().modified
        pin_marketing_url(KEY, PIN)
        assert row().modified == before

    def test_says_who(self):
        user = UserFactory()
        pin_marketing_url(KEY, PIN, user)
        assert row().pinned_by == user

    def test_says_when(self):
        pin_marketing_url(KEY, PIN)
        assert row().pinned_at is not None

    def test_outlives_who_set_it(self):
        user = UserFactory()
        pin_marketing_url(KEY, PIN, user)
        user.delete()
        assert (row().pinned_url, row().pinned_by) == (PIN, None)

    def test_can_be_replaced(self):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        pin_marketing_url(KEY, OTHER_PIN)
        assert shown() == OTHER_PIN

    def test_white_space_around_it_is_dropped(self):
        pin_marketing_url(KEY, f"  {PIN}\n")
        assert row().pinned_url == PIN

    def test_leaves_other_courses_alone(self):
        CourseOverviewFactory(id=OTHER)
        pin_marketing_url(KEY, PIN)
        assert shown(OTHER) is None

    def test_is_kept_in_the_history_once(self):
        CourseOverviewFactory(id=KEY)
        before = CourseOverview.history.count()
        pin_marketing_url(KEY, PIN)
        assert CourseOverview.history.count() == before + 1

    def test_that_is_shown_already_writes_no_course_overview(self):
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
        assert shown() is None

    def test_waits_for_a_page_that_is_being_written(self):
        SyncRun.objects.create(lease="default", holder="worker-7")
        with CaptureQueriesContext(connection) as captured:
            pin_marketing_url(KEY, PIN)
        assert "catalog_sync_syncrun" in captured.captured_queries[1]["sql"]


class TestRefused:
    """What may not be pinned."""

    @pytest.mark.parametrize(
        "url",
        ["", "/relative", "javascript:alert(1)", "https://user@www.example.com/", "https://a b/", "x" * 9],
    )
    def test_url_that_is_not_fit_is_refused(self, url):
        with pytest.raises(api.WrongUsage, match="cannot be pinned"):
            pin_marketing_url(KEY, url)

    def test_url_of_a_host_that_is_not_allowed_is_refused(self, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ("www.example.org",)
        with pytest.raises(api.WrongUsage, match="CATALOG_SYNC_MARKETING_URL_HOSTS"):
            pin_marketing_url(KEY, PIN)

    def test_course_key_that_is_none_is_refused(self):
        with pytest.raises(api.WrongUsage, match="is not a course key"):
            pin_marketing_url("nonsense", PIN)

    def test_course_key_that_no_column_holds_is_refused(self):
        with pytest.raises(api.WrongUsage, match="255"):
            pin_marketing_url(f"course-v1:ExampleX+{'C' * 250}+2026", PIN)

    def test_leaves_no_row(self):
        with pytest.raises(api.WrongUsage):
            pin_marketing_url(KEY, "/relative")
        assert not CatalogCourseRun.objects.exists()


class TestUnpin:
    """Taking a pin away."""

    def test_restores_what_the_catalog_says(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert shown() == CATALOG_URL

    def test_restores_what_the_catalog_said_meanwhile(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        known(url=NEW_URL)
        unpin_marketing_url(KEY)
        assert shown() == NEW_URL

    def test_restores_nothing_where_the_catalog_has_nothing(self):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert shown() is None

    def test_of_a_course_that_the_catalog_never_listed_leaves_no_row(self):
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert not CatalogCourseRun.objects.exists()

    def test_takes_away_who_and_when(self):
        known()
        pin_marketing_url(KEY, PIN, UserFactory())
        unpin_marketing_url(KEY)
        assert (row().pinned_url, row().pinned_by, row().pinned_at) == (None, None, None)

    def test_tells_that_there_was_one(self):
        pin_marketing_url(KEY, PIN)
        assert unpin_marketing_url(KEY)

    def test_tells_that_there_was_none(self):
        assert not unpin_marketing_url(KEY)

    def test_of_nothing_leaves_the_course_overview_alone(self):
        CourseOverviewFactory(id=KEY, marketing_url=CATALOG_URL)
        unpin_marketing_url(KEY)
        assert shown() == CATALOG_URL

    def test_course_key_that_is_none_is_refused(self):
        with pytest.raises(api.WrongUsage, match="is not a course key"):
            unpin_marketing_url("nonsense")


class TestCcx:
    """A custom course: its own pin, its own URL, its parent's pin, its parent's URL."""

    @pytest.fixture(autouse=True)
    def course_overviews(self):
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id=CCX)

    def test_shows_the_pin_of_its_parent(self):
        pin_marketing_url(KEY, PIN)
        assert shown(CCX) == PIN

    def test_shows_its_own_url_before_the_pin_of_its_parent(self):
        known(CCX, NEW_URL)
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=NEW_URL)
        pin_marketing_url(KEY, PIN)
        assert shown(CCX) == NEW_URL

    def test_shows_its_own_pin_before_that_of_its_parent(self):
        pin_marketing_url(CCX, OTHER_PIN)
        pin_marketing_url(KEY, PIN)
        assert shown(CCX) == OTHER_PIN

    def test_shows_the_pin_of_its_parent_when_its_own_goes(self):
        pin_marketing_url(KEY, PIN)
        pin_marketing_url(CCX, OTHER_PIN)
        unpin_marketing_url(CCX)
        assert shown(CCX) == PIN

    def test_shows_the_url_of_its_parent_when_the_pin_goes(self):
        known()
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert shown(CCX) == CATALOG_URL

    def test_shows_nothing_when_the_pin_goes_and_nothing_is_known(self):
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert shown(CCX) is None

    def test_of_another_tool_keeps_its_url_when_the_pin_of_its_parent_goes(self):
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=NEW_URL)
        unpin_marketing_url(KEY)
        assert shown(CCX) == NEW_URL


class TestRecreated:
    """Publishing deletes the course overview and creates it anew."""

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_has_its_pin_from_the_start(self, key):
        known()
        pin_marketing_url(KEY, PIN)
        assert publish_course(key).marketing_url == PIN

    def test_has_no_pin_that_is_gone(self):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        unpin_marketing_url(KEY)
        assert publish_course(KEY).marketing_url is None


class TestSync:
    """What a sync makes of a pinned course."""

    @pytest.fixture(autouse=True)
    def lms(self, catalog):
        for key in (KEY, OTHER, CCX):
            CourseOverviewFactory(id=key)
        catalog.control.set_runs([{"key": key, "marketing_url": CATALOG_URL} for key in (KEY, OTHER)])

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_leaves_the_pin(self, key):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        assert shown(key) == PIN

    def test_takes_down_what_the_catalog_says(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        assert replica.read([KEY])[KEY] == (row().pk, Held("published", CATALOG_URL), PIN, "default")

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_puts_a_lost_pin_back(self, key):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data()
        assert shown(key) == PIN

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_puts_a_lost_pin_back_of_a_course_that_the_catalog_does_not_list(self, key, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data()
        assert shown(key) == PIN

    def test_of_just_this_course_puts_its_pin_back(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data(course_keys=[KEY])
        assert shown() == PIN

    def test_that_writes_nothing_writes_nothing(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_leaves_the_pin_of_a_run_that_the_catalog_dropped(self, key, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        assert shown(key) == PIN

    def test_does_not_count_that_as_a_removal(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        assert update_catalog_data().removed == 0

    def test_takes_down_that_the_catalog_dropped_it(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        assert replica.read([KEY])[KEY].held == Held()

    def test_asks_once_for_a_run_that_the_catalog_dropped(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        catalog.control.clear_requests()
        update_catalog_data()
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1

    def test_after_unpinning_a_run_that_the_catalog_dropped_shows_nothing(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        unpin_marketing_url(KEY)
        assert shown() is None

    def test_of_unpublished_runs_leaves_the_pin(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.upsert([{"key": KEY, "marketing_url": CATALOG_URL, "status": "unpublished"}])
        update_catalog_data()
        assert (shown(), row().marketing_url) == (PIN, None)

    def test_counts_a_pinned_course_as_one_that_it_met(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        assert update_catalog_data().matched == 3

    def test_counts_a_course_that_the_catalog_never_listed_as_not_in_the_catalog(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        assert update_catalog_data().not_in_catalog == 2

    def test_that_is_dry_leaves_a_lost_pin_lost(self):
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data(dry_run=True)
        assert shown() is None

    def test_that_is_dry_tells_what_it_would_put_back(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.exclude(pk=OTHER).update(marketing_url=None)
        told = update_catalog_data(dry_run=True).updated
        assert told == update_catalog_data().updated == 3


class TestStatements:
    """A page costs the database no more for pins."""

    def test_unchanged_page_takes_two(self, catalog):
        catalog.control.generate(60)
        keys = [run["key"] for run in catalog.control.runs()]
        CourseOverview.objects.bulk_create(CourseOverviewFactory.build(id=key) for key in keys)
        for key in keys[::3]:
            pin_marketing_url(key, PIN)
        update_catalog_data(page_size=20)
        marks = []
        with statements() as sent:
            update_catalog_data(page_size=20, on_progress=lambda *_: marks.append(len(sent.all())))
        assert {after - before for before, after in pairwise(marks[:-1])} == {2}

    def test_pinning_takes_no_more_for_many_ccx(self, django_assert_max_num_queries):
        for number in range(50):
            CourseOverviewFactory(id=f"ccx-v1:ExampleX+One+2026+ccx@{number}")
        with django_assert_max_num_queries(20):
            pin_marketing_url(KEY, PIN)


PINNABLE = [*the_histories.PLAIN[:3], the_histories.CCX[0], the_histories.CCX[1], the_histories.OLD_STYLE[0]]
pin_urls = st.sampled_from([PIN, OTHER_PIN])
pin_moves = st.builds(
    the_histories.Move,
    the_histories.moments,
    st.just("pin"),
    st.sampled_from(PINNABLE),
    st.builds(Run, pin_urls) | st.none(),
)
few_moves = st.lists(
    st.builds(
        the_histories.Move,
        the_histories.moments,
        st.just("catalog"),
        st.sampled_from(PINNABLE),
        the_histories.runs | st.none(),
    )
    | the_histories.lms_moves
    | the_histories.landslides
    | pin_moves
    | pin_moves,
    max_size=14,
)


class PinningHistory(the_histories.History):
    """A history in which an operator pins and unpins, too."""

    def apply(self, moves, number):
        for move in moves:
            if move.kind != "pin":
                super().apply([move], number)
            elif move.before == number:
                if move.run:
                    pin_marketing_url(move.key, move.run.url)
                else:
                    unpin_marketing_url(move.key)
                for key in self.lms.shown():
                    self.lms.note(key)

    def wrong(self):
        """Return what is shown and is neither what is pinned nor, without a pin, what the Catalog said."""
        pins = dict(
            CatalogCourseRun.objects.filter(pinned_url__isnull=False).values_list("course_key", "pinned_url")
        )
        wrong = {}
        for key, url in self.lms.shown().items():
            parent_pin = pins.get(replica.parent_of_ccx(key) or "")
            allowed = {pins[key]} if key in pins else truths(self.catalog, key)
            if key not in pins and parent_pin:
                # Its own URL, if it has one, comes before the pin of its parent.
                allowed = (self.catalog.truths(key) - {None}) | {parent_pin}
            if key not in self.lms.unannounced and url not in allowed:
                wrong[key] = url
        return wrong


@pytest.mark.django_db(transaction=True)
class TestHistories:
    """Whatever the Catalog, the LMS and the operator do meanwhile."""

    @pytest.fixture(autouse=True)
    def without_threads(self):
        with the_histories.without_threads():
            yield

    @given(st.sets(st.sampled_from(PINNABLE)), few_moves, few_moves, the_histories.options())
    @histories(60)
    def test_pin_else_catalog_is_shown(self, overviews, first_moves, moves, chosen):
        history = PinningHistory(dict.fromkeys(PINNABLE[::2], the_histories.FULL), overviews, set())
        history.sync(first_moves, allow_removals=True)
        report = history.sync(moves, **chosen)
        assert report.status != "succeeded" or not history.wrong()

    @given(st.sets(st.sampled_from(PINNABLE)), few_moves, few_moves)
    @histories(40)
    def test_unpinning_everything_leaves_what_the_catalog_says(self, overviews, first_moves, moves):
        history = PinningHistory(dict.fromkeys(PINNABLE[::2], the_histories.FULL), overviews, set())
        history.sync(first_moves, allow_removals=True)
        history.sync(moves, allow_removals=True)
        for key in PINNABLE:
            unpin_marketing_url(key)
        history.sync([], allow_removals=True)
        assert not history.wrong()

    @given(st.sets(st.sampled_from(PINNABLE)), few_moves, few_moves, the_histories.options())
    @histories(40)
    def test_a_dry_run_tells_what_a_run_would_do(self, overviews, first_moves, moves, chosen):
        history = PinningHistory(dict.fromkeys(PINNABLE[::2], the_histories.FULL), overviews, set())
        history.sync(first_moves, allow_removals=True)
        # What a dry run does not write it cannot see removed: that is so with and without pins.
        moves = [move for move in moves if move.kind != "bulk_create"]
        for number in range(15):
            history.apply(moves, number)
        told = history.sync([], **chosen, dry_run=True)
        done = history.sync([], **chosen)
        names = ("status", "matched", "updated", "removed", "course_runs_retrieved", "not_in_lms", "requests")
        assert {name: getattr(told, name) for name in names} == {name: getattr(done, name) for name in names}
