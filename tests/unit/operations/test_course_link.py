"""The link that learners get for a course, the reason, and every link that they could get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import SyncRun, SyncRunChange
from catalog_sync.operations import course_link
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]

KEY, CCX = "course-v1:ExampleX+One+2026", "ccx-v1:ExampleX+One+2026+ccx@7"
URL, PIN, OTHER_URL, SOCIAL = (
    f"https://www.example.com/{name}" for name in ("one", "pin", "other", "social")
)
ABOUT = f"{settings.LMS_ROOT_URL}/courses/{KEY}/about"
REJECTED = "rejected the Catalog's record"


def lists(key=KEY, url=URL, status="published", catalog="default"):
    course_runs.record({key: CatalogData(status, url)}, catalog)


def used(key=KEY):
    """Return the sources of the links that are marked as used."""
    return [str(each.origin) for each in course_link.explain(key).candidates if each.is_used]


def set_by_another_tool(key=KEY, url=OTHER_URL):
    CourseOverview.objects.filter(pk=key).update(marketing_url=url)


def rejected(key=KEY, **values):
    run = SyncRun.objects.create(**{"status": "succeeded", "course_runs_rejected": 1} | values)
    return SyncRunChange.objects.create(
        sync_run=run, kind="rejected", course_key=key, new="/one", reason="not an absolute URL"
    )


def in_lms(key=KEY, **values):
    CourseOverviewFactory(id=key, **values)


def ccx_in_lms():
    in_lms(CCX)


def pins():
    pin_marketing_url(KEY, PIN)


def full_sync(**values):
    return SyncRun.objects.create(**{"status": "succeeded"} | values)


class TestUsed:
    """Which of the links learners get, and why."""

    @pytest.mark.parametrize(
        ("steps", "key", "link", "source", "reason"),
        [
            ([lists, in_lms], KEY, URL, "catalog", "The Catalog has this marketing URL for the course."),
            ([lists, in_lms, pins], KEY, PIN, "pin", "Its marketing URL is pinned."),
            ([lambda: in_lms(social_sharing_url=SOCIAL), pins], KEY, SOCIAL, "social", "has priority"),
            ([lists, ccx_in_lms], CCX, URL, "parent", f"the Catalog's URL of its parent course run {KEY}"),
            ([ccx_in_lms, pins], CCX, PIN, "parent", f"the pinned URL of its parent course run {KEY}"),
            ([in_lms, set_by_another_tool], KEY, OTHER_URL, "other_tool", "checks it against the Catalog"),
            (
                [lists, in_lms, set_by_another_tool],
                KEY,
                OTHER_URL,
                "other_tool",
                "The next full sync restores",
            ),
            ([in_lms], KEY, ABOUT, "about", "No Catalog lists this course, so it has no marketing URL."),
            (
                [lists, in_lms, lambda: set_by_another_tool(url=None)],
                *(KEY, ABOUT, "about", "has not reached the LMS yet"),
            ),
        ],
    )
    def test_is_the_one_with_priority(self, steps, key, link, source, reason):
        for step in steps:
            step()
        explained = course_link.explain(key)
        assert (explained.link, used(key)) == (link, [source])
        assert reason in explained.reason

    def test_may_be_one_that_the_lms_changed(self, edx_platform):
        edx_platform.use(lambda course: "https://else.example.com/")
        in_lms()
        assert (course_link.explain(KEY).link, used()) == ("https://else.example.com/", ["platform"])

    def test_depends_on_the_case_of_the_course_key(self):
        lists()
        in_lms()
        assert course_link.explain(KEY.replace("One", "ONE")).link == ""


class TestCandidates:
    """Every link, in the order of priority."""

    def test_are_in_the_order_of_priority(self):
        lists()
        CourseOverviewFactory(id=CCX, social_sharing_url=SOCIAL)
        pin_marketing_url(CCX, PIN)
        found = course_link.explain(CCX).candidates
        assert [(str(each.origin), each.url) for each in found[:-1]] == [
            ("social", SOCIAL),
            ("pin", PIN),
            ("catalog", ""),
            ("parent", URL),
        ]
        assert found[-1].url.endswith(f"/courses/{CCX}/about")

    def test_each_catalog_has_one(self, settings):
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in ("default", "two")}
        lists(catalog="two")
        lists(url=None, status="unpublished")
        in_lms()
        found = course_link.explain(KEY).candidates[2:4]
        assert [(each.label, each.url, each.is_used) for each in found] == [
            ("Catalog default", "", False),
            ("Catalog two", URL, True),
        ]
        assert found[0].note == "The course run has the status 'unpublished' in the Catalog."

    def test_course_in_neither_has_none(self):
        explained = course_link.explain(KEY)
        assert (explained.link, [each.url for each in explained.candidates]) == ("", [""] * 4)
        assert explained.reason.endswith("and no Catalog lists it. Check the course key.")

    @pytest.mark.parametrize(
        ("url", "sentence"), [(URL, "If it is created, it gets"), (None, "has no usable marketing URL")]
    )
    def test_course_in_the_catalog_alone(self, url, sentence):
        lists(url=url)
        assert sentence in course_link.explain(KEY).reason


def removes():
    run = full_sync(scope="course_keys", removed=1)
    SyncRunChange.objects.create(sync_run=run, kind="removed", course_key=KEY)


class TestRejected:
    """A record that the last sync of the course rejected."""

    def test_is_the_reason(self):
        in_lms()
        change = rejected()
        assert course_link.explain(KEY).reason == (
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one). Learners share "
            "the LMS about page."
        )

    def test_is_the_reason_of_the_url_that_the_course_keeps(self):
        lists()
        in_lms()
        change = rejected()
        assert course_link.explain(KEY).reason == (
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one). The course "
            "keeps the marketing URL that it had."
        )

    def test_of_another_catalog_is_no_reason_of_the_url(self, settings):
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in ("default", "two")}
        lists(catalog="two")
        in_lms()
        rejected(catalog="default")
        assert course_link.explain(KEY).reason.startswith(
            "The Catalog has this marketing URL for the course."
        )

    def test_url_that_the_course_keeps_is_the_last_accepted_value(self):
        lists()
        in_lms()
        change = rejected()
        [catalog] = [each for each in course_link.explain(KEY).candidates if each.origin == "catalog"]
        assert catalog == (
            "catalog",
            "Catalog: last accepted value",
            URL,
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one).",
            True,
        )

    def test_is_no_reason_of_a_pinned_url(self):
        lists()
        in_lms()
        rejected()
        pins()
        assert course_link.explain(KEY).reason == "Its marketing URL is pinned."

    @pytest.mark.parametrize(
        ("steps", "is_reason"),
        [
            ([rejected], True),
            ([rejected, lambda: full_sync(status="failed")], True),
            ([full_sync, lambda: rejected(scope="changed")], True),
            ([full_sync, lambda: rejected(scope="course_keys")], True),
            ([lambda: rejected(dry_run=True)], False),
            ([rejected, full_sync], False),
            ([rejected, removes], False),
            (
                [lambda: rejected(finished=timezone.now()), lambda: lists(url=None, status="unpublished")],
                False,
            ),
        ],
        ids=[
            "the LMS does not have the course",
            "before a full sync that failed",
            "by an incremental sync",
            "by a sync of the course",
            "not by a dry run",
            "not before a full sync that succeeded",
            "not before a sync that removed the URL",
            "not before a sync that stored another record",
        ],
    )
    def test_is_the_reason_until_a_later_sync(self, steps, is_reason):
        for step in steps:
            step()
        assert (REJECTED in course_link.explain(KEY).reason) == is_reason


class TestCcxCourseWithoutUrl:
    """The reason is that of the parent course run."""

    HEADLINE = f"It is a CCX course, and its parent course run {KEY} has no marketing URL: "

    def reason(self):
        """Return the reason without the headline and the last sentence, the same as the note of the parent."""
        ccx_in_lms()
        explained = course_link.explain(CCX)
        [note] = [each.note for each in explained.candidates if each.origin == "parent"]
        assert explained.reason == f"{self.HEADLINE}{note} Learners share the LMS about page."
        return note

    @pytest.mark.parametrize(
        ("parent", "reason"),
        [
            (None, "No Catalog lists the parent course run."),
            ({"status": "unpublished"}, "The course run has the status 'unpublished' in the Catalog."),
            ({}, "The Catalog has none for the parent course run."),
        ],
    )
    def test_parent_without_a_url(self, parent, reason):
        if parent is not None:
            lists(url=None, **parent)
        assert self.reason() == reason

    def test_rejected_parent(self):
        change = rejected()
        assert self.reason() == (
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one)."
        )

    def test_own_rejected_record_is_the_reason(self):
        ccx_in_lms()
        rejected(CCX)
        assert course_link.explain(CCX).reason.startswith("Sync run ")


class TestLastRead:
    """When the Catalog's URL was read: the Catalog may have another one since then."""

    @pytest.fixture(autouse=True)
    def course(self):
        lists()
        in_lms()

    def test_by_a_full_sync(self, settings):
        settings.TIME_ZONE = "UTC"
        run = full_sync(finished=datetime(2099, 11, 30, 13, 5, tzinfo=UTC), bypassed_cache=True)
        assert course_link.explain(KEY).reason == (
            "The Catalog has this marketing URL for the course. "
            f"The last successful full sync read it (sync run {run.pk}, Nov. 30, 2099, 1:05 p.m.)."
        )

    def test_by_a_full_sync_that_did_not_bypass_the_cache(self):
        full_sync(finished=timezone.now() + timedelta(hours=1))
        assert course_link.explain(KEY).reason.endswith(
            "from the Catalog's cache, which may be old. Sync this course to read the current one."
        )

    @pytest.mark.parametrize("later", [None, "running", "failed", "canceled"])
    def test_but_a_later_full_sync_did_not_find_it_and_was_refused(self, later):
        full_sync(finished=timezone.now() + timedelta(hours=1))
        run = SyncRun.objects.create(status="refused", finished=timezone.now() + timedelta(hours=2))
        run.changes.create(kind="removed", course_key=KEY, old=URL)
        if later:
            SyncRun.objects.create(status=later)
        assert course_link.explain(KEY).reason == (
            f"Sync run {run.pk} did not find this marketing URL in the Catalog any more, but refused to remove it. The "
            "page of that sync run has the reason."
        )

    def test_by_a_later_sync_of_the_course(self):
        full_sync(finished=timezone.now() - timedelta(hours=1))
        assert " A sync stored it (" in course_link.explain(KEY).reason

    def test_for_a_ccx_course_is_that_of_its_parent(self):
        ccx_in_lms()
        assert " A sync stored it (" in course_link.explain(CCX).reason

    def test_is_not_shown_for_a_pinned_url(self):
        ccx_in_lms()
        pins()
        assert not [key for key in (KEY, CCX) if "A sync stored it" in course_link.explain(key).reason]


class TestIsKnown:
    """Whether a course key may be pinned without a question."""

    def test_course_in_neither(self):
        assert not course_link.is_known(KEY)

    @pytest.mark.parametrize("place", [lists, in_lms, pins])
    def test_course_in_one_of_them(self, place):
        place()
        assert course_link.is_known(KEY)


def test_takes_four_queries_at_most(django_assert_max_num_queries):
    ccx_in_lms()
    with django_assert_max_num_queries(4):
        course_link.explain(CCX)
