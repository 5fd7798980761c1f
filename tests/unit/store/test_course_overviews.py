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


def test_get_returns_the_course_overview_of_the_key():
    CourseOverviewFactory(id=OTHER)
    row = CourseOverviewFactory(id=KEY)
    assert course_overviews.get(KEY) == row
    # Neither a key that the LMS does not have, nor one in another case.
    for absent in (OLD_STYLE, KEY.lower(), KEY.replace("One", "ONE")):
        assert course_overviews.get(absent) is None


def test_course_overviews_are_counted_and_those_with_a_url():
    for key, shown in ((KEY, URL), (OTHER, ""), (OLD_STYLE, None), (CCX, URL)):
        CourseOverviewFactory(id=key, marketing_url=shown)
    assert course_overviews.count_with_url() == (4, 2)


class TestCompare:
    """Which course overviews exist, and which of them differ."""

    @pytest.mark.parametrize(
        ("shown", "published", "differing"),
        [*((shown, URL, [KEY]) for shown in (None, "", OTHER_URL)), (URL, URL, []), (URL, None, [])],
    )
    def test_another_url_differs_unless_the_published_one_is_missing(self, shown, published, differing):
        CourseOverviewFactory(id=KEY, marketing_url=shown)
        found = course_overviews.compare({KEY: CatalogData(marketing_url=published)})
        assert (found.seen, found.differing) == ([KEY], differing)

    @pytest.mark.parametrize("key", [KEY.replace("One", "ONE"), OTHER])
    def test_course_that_the_lms_does_not_have_is_not_seen(self, key):
        CourseOverviewFactory(id=KEY)
        assert course_overviews.compare({key: CatalogData(marketing_url=URL)}).seen == []

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

    @pytest.mark.parametrize("shown", [URL, OTHER_URL], ids=["one field", "both fields"])
    def test_course_with_changed_mapped_fields_is_returned_once(self, shown, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        CourseOverviewFactory(id=KEY, marketing_url=shown, language="en")
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

    def test_returns_the_values_of_the_course_overviews_and_the_stored_course_runs(self, settings):
        add_course_overviews(KEY, OTHER, marketing_url=OTHER_URL, language="fr")
        assert course_overviews.read_joined([KEY]) == ({KEY: (OTHER_URL,)}, course_runs.read([KEY]))
        settings.CATALOG_SYNC_FIELDS = {"content_language": "language", "marketing_url": "marketing_url"}
        assert course_overviews.read_joined([KEY]).current == {KEY: ("fr", OTHER_URL)}

    def test_leaves_out_what_the_lms_does_not_have_or_what_is_not_stored(self):
        CourseOverviewFactory(id=OLD_STYLE)
        assert course_overviews.read_joined([KEY, OLD_STYLE]) == NOTHING

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

    @pytest.mark.parametrize("has_history", [True, False])
    def test_writes_the_url_of_each_key_and_returns_how_many_were_written(self, has_history, settings):
        settings.SIMPLE_HISTORY_ENABLED = has_history
        add_course_overviews(KEY, CCX)
        course_runs.record(dict.fromkeys([KEY, OTHER, CCX], CatalogData(marketing_url=URL)), "default")
        assert course_overviews.copy_published_values([KEY, OTHER]) == 1
        assert (url(), url(CCX)) == (URL, None)

    def test_keeps_fields_that_are_not_stored(self):
        CourseOverviewFactory(id=KEY, marketing_url=OTHER_URL)
        course_runs.record({KEY: CatalogData()}, "default")
        course_overviews.copy_published_values([KEY])
        assert url() == OTHER_URL

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


def test_copies_each_given_url_and_returns_how_many_were_written():
    add_course_overviews(KEY, CCX)
    assert course_overviews.copy_marketing_urls({KEY: URL, CCX: OTHER_URL, OTHER: URL}) == 2
    assert (url(KEY), url(CCX)) == (URL, OTHER_URL)


class TestClear:
    """Removing URLs."""

    def test_removes_and_returns_the_urls_of_the_keys_and_adds_history_for_them(self):
        add_course_overviews(KEY, CCX, marketing_url=URL)
        CourseOverviewFactory(id=OTHER)
        before = CourseOverview.history.count()
        assert course_overviews.clear([KEY, OTHER]) == {KEY: URL}
        assert (url(), url(CCX), CourseOverview.history.count()) == (None, URL, before + 1)

    def test_writes_nothing_if_there_is_none(self):
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

    def test_url_without_a_stored_course_run_is_unknown_except_that_of_a_ccx_course(self):
        add_course_overviews(KEY, OTHER, CCX, marketing_url=URL)
        course_runs.record({OTHER: CatalogData(marketing_url=URL)}, "default")
        assert list(course_overviews.with_unknown_url()) == [[KEY]]


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

    def test_of_a_parent_are_its_own_with_their_urls(self):
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=URL)
        assert [*course_overviews.ccx_chunks([KEY])] == [[(CCX, URL)]]

    def test_come_each_once_over_many_chunks(self):
        add_course_overviews(*(f"ccx-v1:ExampleX+Many+2026+ccx@{n}" for n in range(1100)))
        keys = [key for chunk in course_overviews.ccx_chunks() for key, _ in chunk]
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
