"""The host's course overviews: compare them with stored data, write what differs, keep history."""

from __future__ import annotations

import pytest
from django.utils import timezone

from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.store import course_overviews, course_runs
from catalog_sync.store.course_runs import CatalogData, StoredData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
OLD_STYLE = "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"


NOTHING = ({}, StoredData({}, {}))


def pin(key, url):
    PinnedMarketingUrl.objects.create(course_key=key, url=url, pinned_at=timezone.now())


def url(key=KEY):
    return CourseOverview.objects.get(pk=key).marketing_url


class TestGet:
    """One course overview with all its fields."""

    def test_is_the_one_of_the_key(self):
        CourseOverviewFactory(id=OTHER)
        row = CourseOverviewFactory(id=KEY)
        assert course_overviews.get(KEY) == row

    def test_one_that_the_lms_does_not_have_is_none(self):
        assert course_overviews.get(KEY) is None

    @pytest.mark.parametrize("key", [KEY.lower(), KEY.replace("One", "ONE")])
    def test_key_of_another_case_is_another_course_s(self, key):
        CourseOverviewFactory(id=KEY)
        assert course_overviews.get(key) is None


def test_course_overviews_are_counted_and_those_with_a_url():
    for key, shown in ((KEY, URL), (OTHER, ""), (OLD_STYLE, None), (CCX, URL)):
        CourseOverviewFactory(id=key, marketing_url=shown)
    assert course_overviews.count_with_url() == (4, 2)


class TestCompare:
    """Which course overviews exist, and which of them differ."""

    @pytest.mark.parametrize("shown", [None, "", OTHER_URL])
    def test_another_url_differs(self, shown):
        CourseOverviewFactory(id=KEY, marketing_url=shown)
        assert course_overviews.compare({KEY: CatalogData(marketing_url=URL)}).differing == [KEY]

    def test_same_url_does_not_differ(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        found = course_overviews.compare({KEY: CatalogData(marketing_url=URL)})
        assert (found.seen, found.differing) == ([KEY], [])

    def test_missing_value_does_not_differ(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        assert course_overviews.compare({KEY: CatalogData()}).differing == []

    def test_course_that_the_lms_does_not_have_is_not_seen(self):
        assert course_overviews.compare({KEY: CatalogData(marketing_url=URL)}).seen == []

    def test_key_that_differs_in_case_is_not_seen(self):
        CourseOverviewFactory(id=KEY)
        assert (
            course_overviews.compare({KEY.replace("One", "ONE"): CatalogData(marketing_url=URL)}).seen == []
        )

    @pytest.mark.parametrize(
        ("key", "data", "with_url"),
        [
            (KEY, CatalogData(marketing_url=URL), [KEY]),
            (KEY, CatalogData(), []),
            (CCX, CatalogData(marketing_url=URL), []),
        ],
        ids=["with", "without", "CCX"],
    )
    def test_returns_the_courses_with_a_url_of_their_own(self, key, data, with_url):
        CourseOverviewFactory(id=key)
        assert course_overviews.compare({key: data}).with_url == with_url

    def test_field_that_is_mapped_differs(self, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        CourseOverviewFactory(id=KEY, marketing_url=URL, language="en")
        data = CatalogData(marketing_url=URL, content_language="fr")
        assert course_overviews.compare({KEY: data}).differing == [KEY]

    def test_course_with_several_changed_fields_is_returned_once(self, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        CourseOverviewFactory(id=KEY, marketing_url=OTHER_URL, language="en")
        data = CatalogData(marketing_url=URL, content_language="fr")
        assert course_overviews.compare({KEY: data}).differing == [KEY]

    def test_takes_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            course_overviews.compare({KEY: CatalogData(), OTHER: CatalogData()})


class TestReadJoined:
    """The course overview and what is stored for its key, in one query."""

    @pytest.fixture(autouse=True)
    def stored(self):
        course_runs.record(
            {KEY: CatalogData("published", URL), OTHER: CatalogData("published", OTHER_URL)}, "default"
        )

    def test_returns_the_values_of_the_course_overview(self):
        CourseOverviewFactory(id=KEY)
        CourseOverview.objects.update(marketing_url=OTHER_URL)
        assert [*course_overviews.read_joined([KEY]).shown[KEY]] == [OTHER_URL]

    def test_returns_the_stored_course_runs(self):
        CourseOverviewFactory(id=KEY)
        assert course_overviews.read_joined([KEY]).stored == course_runs.read([KEY])

    def test_fields_that_are_mapped_are_shown(self, settings):
        settings.CATALOG_SYNC_FIELDS = {"content_language": "language", "marketing_url": "marketing_url"}
        CourseOverviewFactory(id=KEY, marketing_url=URL, language="fr")
        assert [*course_overviews.read_joined([KEY]).shown[KEY]] == ["fr", URL]

    def test_leaves_out_what_was_not_asked_for(self):
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id=OTHER)
        assert course_overviews.read_joined([KEY]).shown.keys() == {KEY}

    def test_leaves_out_what_the_lms_does_not_have(self):
        assert course_overviews.read_joined([KEY]) == NOTHING

    def test_leaves_out_what_is_not_stored(self):
        CourseOverviewFactory(id=OLD_STYLE)
        assert course_overviews.read_joined([OLD_STYLE]) == NOTHING

    def test_no_keys_send_no_query(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert course_overviews.read_joined([]) == NOTHING

    def test_row_of_a_key_of_another_case_is_another_course_run_s(self):
        CourseOverviewFactory(id=KEY.replace("One", "ONE"))
        assert course_overviews.read_joined([KEY, KEY.replace("One", "ONE")]).stored == StoredData({}, {})

    def test_takes_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            course_overviews.read_joined([KEY, OTHER])


class TestCopyPublishedValues:
    """Writing what is stored."""

    def test_writes_the_url(self):
        CourseOverviewFactory(id=KEY)
        course_runs.record({KEY: CatalogData(marketing_url=URL)}, "default")
        course_overviews.copy_published_values([KEY])
        assert url() == URL

    def test_leaves_the_others_alone(self):
        CourseOverviewFactory(id=OTHER)
        course_runs.record(
            {KEY: CatalogData(marketing_url=URL), OTHER: CatalogData(marketing_url=URL)}, "default"
        )
        course_overviews.copy_published_values([KEY])
        assert url(OTHER) is None

    def test_keeps_fields_that_are_not_stored(self):
        CourseOverviewFactory(id=KEY, marketing_url=OTHER_URL)
        course_runs.record({KEY: CatalogData()}, "default")
        course_overviews.copy_published_values([KEY])
        assert url() == OTHER_URL

    def test_returns_how_many_there_were(self):
        CourseOverviewFactory(id=KEY)
        course_runs.record(
            {KEY: CatalogData(marketing_url=URL), OTHER: CatalogData(marketing_url=URL)}, "default"
        )
        assert course_overviews.copy_published_values([KEY, OTHER]) == 1

    def test_unconfirmed_pinned_courses_are_counted(self):
        add_course_overviews(KEY, OTHER)
        course_runs.record({KEY: CatalogData(marketing_url=URL)}, "default")
        pin(OTHER, OTHER_URL)
        assert course_overviews.copy_published_values([KEY, OTHER], unconfirmed=[OTHER]) == 2

    def test_takes_two_statements_for_many(self):
        rows = CourseOverviewFactory.create_batch(300)
        with statements() as sent:
            course_overviews.copy_published_values([str(row.id) for row in rows])
        assert len(sent.all()) == 2

    def test_takes_none_for_none(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            course_overviews.copy_published_values([])

    def test_host_without_history_gets_the_url_all_the_same(self, settings):
        settings.SIMPLE_HISTORY_ENABLED = False
        CourseOverviewFactory(id=KEY)
        course_runs.record({KEY: CatalogData(marketing_url=URL)}, "default")
        course_overviews.copy_published_values([KEY])
        assert url() == URL


class TestCopyMarketingUrls:
    """Writing given URLs, as for CCX courses."""

    def test_each_takes_its_own(self):
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id=CCX)
        course_overviews.copy_marketing_urls({KEY: URL, CCX: OTHER_URL})
        assert (url(KEY), url(CCX)) == (URL, OTHER_URL)

    def test_returns_how_many_there_were(self):
        CourseOverviewFactory(id=KEY)
        assert course_overviews.copy_marketing_urls({KEY: URL, CCX: URL}) == 1


class TestClear:
    """Removing URLs."""

    def test_takes_the_url_away(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        course_overviews.clear([KEY])
        assert url() is None

    def test_leaves_the_others_alone(self):
        CourseOverviewFactory(id=OTHER, marketing_url=URL)
        course_overviews.clear([KEY])
        assert url(OTHER) == URL

    def test_returns_the_urls_that_it_removed(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        CourseOverviewFactory(id=OTHER)
        assert course_overviews.clear([KEY, OTHER]) == {KEY: URL}

    def test_keeps_history_of_those_that_had_one(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        CourseOverviewFactory(id=OTHER)
        before = CourseOverview.history.count()
        course_overviews.clear([KEY, OTHER])
        assert CourseOverview.history.count() == before + 1

    def test_writes_nothing_where_there_is_none(self):
        CourseOverviewFactory(id=KEY)
        with statements() as sent:
            assert course_overviews.clear([KEY]) == {}
        assert sent.writes() == []


class TestShowing:
    """Finding course overviews that have a URL."""

    @pytest.mark.parametrize(("shown", "removable"), [(URL, {KEY: URL}), (None, {}), ("", {})])
    def test_urls_that_are_not_empty_are_removable(self, shown, removable):
        CourseOverviewFactory(id=KEY, marketing_url=shown)
        assert course_overviews.removable_urls([KEY]) == removable

    def test_pinned_urls_are_not_removable(self):
        CourseOverviewFactory(id=KEY)
        pin(KEY, URL)
        assert course_overviews.removable_urls([KEY]) == {}

    def test_url_without_a_stored_course_run_is_unknown(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        assert list(course_overviews.with_unknown_url()) == [[KEY]]

    def test_url_with_a_stored_course_run_is_known(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        course_runs.record({KEY: CatalogData(marketing_url=URL)}, "default")
        assert list(course_overviews.with_unknown_url()) == []

    def test_url_of_a_ccx_is_looked_for_elsewhere(self):
        CourseOverviewFactory(id=CCX, marketing_url=URL)
        assert list(course_overviews.with_unknown_url()) == []


@pytest.mark.parametrize("shown", [None, "", URL])
@pytest.mark.parametrize(
    ("key", "stored", "is_to_show"),
    [
        (KEY, {"marketing_url": URL}, [URL]),
        (KEY, {"marketing_url": OTHER_URL, "pinned": URL}, [URL]),
        (KEY, {}, [None, ""]),
        (KEY, None, [None, "", URL]),
        (CCX, {"marketing_url": OTHER_URL}, [OTHER_URL]),
        (CCX, {}, [None, "", URL]),
    ],
    ids=["listed", "pinned", "without a URL", "not stored", "CCX", "CCX without a URL"],
)
def test_stored_course_runs_with_another_url_than_the_course_overview(key, stored, is_to_show, shown):
    CourseOverviewFactory(id=key)
    CourseOverview.objects.update(marketing_url=shown)
    if stored is not None:
        pinned = stored.get("pinned")
        CatalogCourseRun.objects.create(course_key=key, marketing_url=stored.get("marketing_url"))
        if pinned:
            pin(key, pinned)
    assert list(course_overviews.out_of_date()) == ([] if shown in is_to_show else [key])


def test_course_run_of_two_catalogs_has_the_url_of_the_first(settings):
    settings.CATALOG_SYNC_CATALOGS = {"default": {}, "partner": {}}
    for catalog, url in (("partner", OTHER_URL), ("default", URL)):
        CatalogCourseRun.objects.create(course_key=KEY, catalog=catalog, marketing_url=url)
    CourseOverviewFactory(id=KEY)
    CourseOverview.objects.update(marketing_url=URL)
    assert list(course_overviews.out_of_date()) == []


class TestCcxChunks:
    """The CCX courses of the LMS."""

    @pytest.fixture(autouse=True)
    def course_overviews(self):
        add_course_overviews(KEY, OLD_STYLE, CCX, CCX.replace("One", "Other"), CCX.replace("2026", "2026b"))

    def keys(self, parents=None):
        return [key for chunk in course_overviews.ccx_chunks(parents) for key, _ in chunk]

    def test_are_all_ccx_and_no_other(self):
        assert len(self.keys()) == 3

    def test_of_a_parent_are_its_own(self):
        assert self.keys([KEY]) == [CCX]

    def test_come_with_the_url_they_show(self):
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=URL)
        assert dict(*course_overviews.ccx_chunks([KEY])) == {CCX: URL}

    def test_come_each_once_over_many_chunks(self):
        add_course_overviews(*(f"ccx-v1:ExampleX+Many+2026+ccx@{n}" for n in range(1100)))
        keys = self.keys()
        assert (len(keys), len(set(keys))) == (1103, 1103)


def test_ccx_courses_that_fit_one_chunk_take_one_query(django_assert_num_queries):
    CourseOverviewFactory(id=CCX)
    with django_assert_num_queries(1):
        assert [*course_overviews.ccx_chunks()] == [[(CCX, None)]]


@pytest.mark.parametrize("key", [KEY.replace("One", "ONE"), KEY.replace("One", "one")])
def test_course_of_another_case_is_none_of_this_one_s_ccx(key):
    CourseOverviewFactory(id=key)
    CourseOverviewFactory(id=CCX)
    assert [key for chunk in course_overviews.with_ccx(KEY) for key, _ in chunk] == [CCX]
