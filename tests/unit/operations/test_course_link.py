"""The link that learners get for a course, the reason, and every link that they could get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
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
REJECTED = "rejected the Catalog's record"


def lists(key=KEY, url=URL, status="published", catalog="default"):
    course_runs.record({key: CatalogData(status, url)}, catalog)


def used(key=KEY):
    """Return the sources of the links that are marked as used."""
    return [str(each.source) for each in course_link.explain(key).candidates if each.is_used]


def set_by_another_tool(key=KEY, url=OTHER_URL):
    CourseOverview.objects.filter(pk=key).update(marketing_url=url)


def rejected(key=KEY, **values):
    run = SyncRun.objects.create(**{"status": "succeeded", "course_runs_rejected": 1} | values)
    return SyncRunChange.objects.create(
        sync_run=run, kind="rejected", course_key=key, new="/one", reason="not an absolute URL"
    )


class TestUsed:
    """Which of the links learners get."""

    def test_about_page_of_a_course_that_no_catalog_lists(self):
        CourseOverviewFactory(id=KEY)
        explained = course_link.explain(KEY)
        assert explained.link.endswith(f"/courses/{KEY}/about")
        assert explained.reason.startswith("No Catalog lists this course, so it has no marketing URL.")
        assert used() == ["about"]

    def test_url_of_the_catalog(self):
        lists()
        CourseOverviewFactory(id=KEY)
        assert (course_link.explain(KEY).link, used()) == (URL, ["catalog"])

    def test_pinned_url(self):
        lists()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        assert (course_link.explain(KEY).link, used()) == (PIN, ["pin"])

    def test_social_sharing_url(self):
        CourseOverviewFactory(id=KEY, social_sharing_url=SOCIAL)
        pin_marketing_url(KEY, PIN)
        assert (course_link.explain(KEY).link, used()) == (SOCIAL, ["social"])

    def test_url_of_the_parent_course_run(self):
        lists()
        CourseOverviewFactory(id=CCX)
        explained = course_link.explain(CCX)
        assert (explained.link, used(CCX)) == (URL, ["parent"])
        assert f"the Catalog's URL of its parent course run {KEY}" in explained.reason

    def test_pinned_url_of_the_parent_course_run(self):
        CourseOverviewFactory(id=CCX)
        pin_marketing_url(KEY, PIN)
        assert (course_link.explain(CCX).link, used(CCX)) == (PIN, ["parent"])

    def test_url_of_another_tool(self):
        CourseOverviewFactory(id=KEY)
        set_by_another_tool()
        assert (course_link.explain(KEY).link, used()) == (OTHER_URL, ["other_tool"])

    def test_url_of_another_tool_although_the_catalog_has_one(self):
        lists()
        CourseOverviewFactory(id=KEY)
        set_by_another_tool()
        explained = course_link.explain(KEY)
        assert (explained.link, used()) == (OTHER_URL, ["other_tool"])
        assert "The next full sync restores the expected URL." in explained.reason

    def test_about_page_until_the_url_reaches_the_lms(self):
        lists()
        CourseOverviewFactory(id=KEY)
        set_by_another_tool(url=None)
        assert used() == ["about"]
        assert "has not reached the LMS yet" in course_link.explain(KEY).reason

    def test_link_that_the_lms_changed(self, edx_platform):
        edx_platform.use(lambda course: "https://else.example.com/")
        CourseOverviewFactory(id=KEY)
        explained = course_link.explain(KEY)
        assert (explained.link, used()) == ("https://else.example.com/", ["platform"])

    def test_case_of_the_course_key_counts(self):
        lists()
        CourseOverviewFactory(id=KEY)
        assert course_link.explain(KEY.replace("One", "ONE")).link == ""


class TestCandidates:
    """Every link, in the order of priority."""

    def test_are_in_the_order_of_priority(self):
        lists()
        CourseOverviewFactory(id=CCX, social_sharing_url=SOCIAL)
        pin_marketing_url(CCX, PIN)
        found = course_link.explain(CCX).candidates
        assert [(str(each.source), each.url) for each in found[:-1]] == [
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
        CourseOverviewFactory(id=KEY)
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


class TestRejected:
    """A record that the last sync of the course rejected."""

    def test_is_the_reason(self):
        CourseOverviewFactory(id=KEY)
        change = rejected()
        assert course_link.explain(KEY).reason == (
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one). Learners share "
            "the LMS about page."
        )

    def test_is_the_reason_of_the_url_that_the_course_keeps(self):
        lists()
        CourseOverviewFactory(id=KEY)
        change = rejected()
        assert course_link.explain(KEY).reason == (
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one). The course "
            "keeps the marketing URL that it had."
        )

    def test_of_another_catalog_is_no_reason_of_the_url(self, settings):
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in ("default", "two")}
        lists(catalog="two")
        CourseOverviewFactory(id=KEY)
        rejected(catalog="default")
        assert course_link.explain(KEY).reason.startswith(
            "The Catalog has this marketing URL for the course."
        )

    def test_url_that_the_course_keeps_is_the_last_accepted_value(self):
        lists()
        CourseOverviewFactory(id=KEY)
        change = rejected()
        [catalog] = [each for each in course_link.explain(KEY).candidates if each.source == "catalog"]
        assert catalog == (
            "catalog",
            "Catalog: last accepted value",
            URL,
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one).",
            True,
        )

    def test_is_no_reason_of_a_pinned_url(self):
        lists()
        CourseOverviewFactory(id=KEY)
        rejected()
        pin_marketing_url(KEY, PIN)
        assert course_link.explain(KEY).reason == "Its marketing URL is pinned."

    def test_is_the_reason_also_if_the_lms_does_not_have_the_course(self):
        rejected()
        assert REJECTED in course_link.explain(KEY).reason

    def test_stays_the_reason_after_a_full_sync_that_failed(self):
        rejected()
        SyncRun.objects.create(status="failed")
        assert REJECTED in course_link.explain(KEY).reason

    @pytest.mark.parametrize("scope", ["changed", "course_keys"])
    def test_of_a_sync_of_some_courses_is_a_reason(self, scope):
        SyncRun.objects.create(status="succeeded")
        rejected(scope=scope)
        assert REJECTED in course_link.explain(KEY).reason

    def test_of_a_dry_run_is_no_reason(self):
        rejected(dry_run=True)
        assert REJECTED not in course_link.explain(KEY).reason

    def test_before_a_full_sync_that_succeeded_is_no_reason(self):
        rejected()
        SyncRun.objects.create(status="succeeded")
        assert REJECTED not in course_link.explain(KEY).reason

    def test_before_a_sync_that_removed_the_url_is_no_reason(self):
        rejected()
        run = SyncRun.objects.create(status="succeeded", scope="course_keys", removed=1)
        SyncRunChange.objects.create(sync_run=run, kind="removed", course_key=KEY)
        assert REJECTED not in course_link.explain(KEY).reason

    def test_before_a_sync_that_stored_another_record_is_no_reason(self):
        rejected(finished=timezone.now())
        lists(url=None, status="unpublished")
        assert REJECTED not in course_link.explain(KEY).reason


class TestCcxCourseWithoutUrl:
    """The reason is that of the parent course run."""

    HEADLINE = f"It is a CCX course, and its parent course run {KEY} has no marketing URL: "

    def reason(self):
        """Return the reason without the headline and the last sentence, the same as the note of the parent."""
        CourseOverviewFactory(id=CCX)
        explained = course_link.explain(CCX)
        [note] = [each.note for each in explained.candidates if each.source == "parent"]
        assert explained.reason == f"{self.HEADLINE}{note} Learners share the LMS about page."
        return note

    def test_parent_that_no_catalog_lists(self):
        assert self.reason() == "No Catalog lists the parent course run."

    def test_unpublished_parent(self):
        lists(url=None, status="unpublished")
        assert self.reason() == "The course run has the status 'unpublished' in the Catalog."

    def test_parent_without_a_url(self):
        lists(url=None)
        assert self.reason() == "The Catalog has none for the parent course run."

    def test_rejected_parent(self):
        change = rejected()
        assert self.reason() == (
            f"Sync run {change.sync_run_id} rejected the Catalog's record (not an absolute URL, /one)."
        )

    def test_own_rejected_record_is_the_reason(self):
        CourseOverviewFactory(id=CCX)
        rejected(CCX)
        assert course_link.explain(CCX).reason.startswith("Sync run ")


class TestLastRead:
    """When the Catalog's URL was read: the Catalog may have another one since then."""

    @pytest.fixture(autouse=True)
    def course(self):
        lists()
        CourseOverviewFactory(id=KEY)

    def test_by_a_full_sync(self, settings):
        settings.TIME_ZONE = "UTC"
        run = SyncRun.objects.create(
            status="succeeded", finished=datetime(2099, 11, 30, 13, 5, tzinfo=UTC), bypassed_cache=True
        )
        assert course_link.explain(KEY).reason == (
            "The Catalog has this marketing URL for the course. "
            f"The last full sync read it (sync run {run.pk}, Nov. 30, 2099, 1:05 p.m.)."
        )

    def test_by_a_full_sync_that_did_not_bypass_the_cache(self):
        SyncRun.objects.create(status="succeeded", finished=timezone.now() + timedelta(hours=1))
        assert course_link.explain(KEY).reason.endswith(
            "from the Catalog's cache, which may be old. Sync this course to read the current one."
        )

    def test_but_a_later_full_sync_did_not_find_it_and_was_refused(self):
        SyncRun.objects.create(status="succeeded", finished=timezone.now() + timedelta(hours=1))
        run = SyncRun.objects.create(status="refused", finished=timezone.now() + timedelta(hours=2))
        run.changes.create(kind="removed", course_key=KEY, old=URL)
        assert course_link.explain(KEY).reason == (
            f"Sync run {run.pk} did not find this marketing URL in the Catalog any more, but refused to remove it. Its "
            "page has the reason."
        )

    def test_by_a_later_sync_of_the_course(self):
        SyncRun.objects.create(status="succeeded", finished=timezone.now() - timedelta(hours=1))
        assert " A sync stored it (" in course_link.explain(KEY).reason

    def test_for_a_ccx_course_is_that_of_its_parent(self):
        CourseOverviewFactory(id=CCX)
        assert " A sync stored it (" in course_link.explain(CCX).reason

    def test_is_not_shown_for_a_pinned_url(self):
        CourseOverviewFactory(id=CCX)
        pin_marketing_url(KEY, PIN)
        assert not [key for key in (KEY, CCX) if "A sync stored it" in course_link.explain(key).reason]


class TestIsKnown:
    """Whether a course key may be pinned without a question."""

    def test_course_in_neither(self):
        assert not course_link.is_known(KEY)

    @pytest.mark.parametrize(
        "place", [lists, lambda: CourseOverviewFactory(id=KEY), lambda: pin_marketing_url(KEY, PIN)]
    )
    def test_course_in_one_of_them(self, place):
        place()
        assert course_link.is_known(KEY)


def test_takes_four_queries_at_most(django_assert_max_num_queries):
    CourseOverviewFactory(id=CCX)
    with django_assert_max_num_queries(4):
        course_link.explain(CCX)
