"""Which stored values are published: the pin, then the first-named Catalog with a URL, then the parent course run."""

from __future__ import annotations

import pytest
from django.db.models import OuterRef

from catalog_sync.api import pin_marketing_url
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"
THIRD_URL, PIN = "https://www.example.com/course/third", "https://www.example.com/pinned"
PUBLISHED = CatalogData("published", URL, True, "en")


class TestDataFor:
    """The data to publish."""

    def test_course_run_has_its_stored_data(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert precedence.data_for([KEY]) == {KEY: PUBLISHED}

    def test_ccx_course_has_the_url_of_its_parent_run(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert precedence.data_for([CCX])[CCX].marketing_url == URL

    def test_ccx_course_has_no_other_value_of_its_parent_run(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert precedence.data_for([CCX])[CCX] == CatalogData(marketing_url=URL)

    def test_ccx_course_has_its_own_url_if_there_is_one(self):
        course_runs.record({KEY: PUBLISHED, CCX: CatalogData("published", OTHER_URL)}, "default")
        assert precedence.data_for([CCX])[CCX].marketing_url == OTHER_URL

    def test_stored_ccx_course_without_a_url_has_that_of_its_parent_run(self):
        course_runs.record({KEY: PUBLISHED, CCX: CatalogData("unpublished", None, False, "fr")}, "default")
        assert precedence.data_for([CCX])[CCX] == CatalogData("unpublished", URL, False, "fr")

    def test_leaves_out_keys_for_which_nothing_is_stored(self):
        assert precedence.data_for([KEY, CCX]) == {}

    def test_takes_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            precedence.data_for([KEY, CCX, OTHER])


def source(course_key):
    """Return the course key for which the marketing URL is stored, and whether it is pinned; None if it is not."""
    found = precedence.source_in(course_key, course_runs.read(precedence.with_parents([course_key])))
    return found and found[:2]


class TestSourceIn:
    """For which course key the marketing URL is stored."""

    def test_is_none_if_nothing_is_stored(self):
        assert source(CCX) is None

    def test_is_the_course_run_itself_if_it_has_a_url(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert source(KEY) == (KEY, False)

    def test_is_none_for_a_course_run_without_a_url(self):
        course_runs.record({KEY: CatalogData("unpublished")}, "default")
        assert source(KEY) is None

    def test_shows_that_the_url_is_pinned(self):
        pin_marketing_url(KEY, URL)
        assert source(KEY) == (KEY, True)

    def test_is_the_parent_run_for_a_ccx_course_without_a_url(self):
        course_runs.record({KEY: PUBLISHED, CCX: CatalogData("unpublished")}, "default")
        assert source(CCX) == (KEY, False)

    def test_is_the_ccx_course_itself_if_it_has_a_url(self):
        course_runs.record({KEY: PUBLISHED, CCX: PUBLISHED}, "default")
        assert source(CCX) == (CCX, False)


def data(url, language):
    return CatalogData("published" if url else "unpublished", url, None, language)


ORDER = [
    ({"first": data(URL, "a"), "second": data(OTHER_URL, "b")}, (URL, "a")),
    ({"first": data(None, "a"), "second": data(OTHER_URL, "b")}, (OTHER_URL, "b")),
    ({"second": data(OTHER_URL, "b")}, (OTHER_URL, "b")),
    ({"first": data(None, "a"), "second": data(None, "b")}, (None, "a")),
    ({"second": data(OTHER_URL, "b"), "gone": data(THIRD_URL, "c")}, (OTHER_URL, "b")),
    ({"second": data(None, "b"), "gone": data(THIRD_URL, "c")}, (THIRD_URL, "c")),
    ({"gone": data(THIRD_URL, "c")}, (THIRD_URL, "c")),
]


@pytest.mark.parametrize(
    ("stored", "expected"),
    ORDER,
    ids=["both", "second", "only second", "no URL", "not named", "last URL", "only one"],
)
class TestOrder:
    """The first-named Catalog with a URL provides all values; a former Catalog is last."""

    @pytest.fixture(autouse=True)
    def named(self, stored, settings):
        address = {"URL": "https://discovery.example.com/api/v1"}
        settings.CATALOG_SYNC_CATALOGS = {"first": address, "second": address}
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        # In this order the ids prove nothing.
        for name in ("gone", "second", "first"):
            if name in stored:
                course_runs.record({KEY: stored[name]}, name)
        CourseOverviewFactory(id=OTHER)

    def test_in_python(self, expected):
        published = precedence.data_for([KEY])[KEY]
        assert (published.marketing_url, published.content_language) == expected

    def test_in_the_database(self, expected):
        add_course_overviews(KEY)
        names = ("marketing_url", "content_language")
        values = {f"published_{name}": precedence.published_value(name, OuterRef("pk")) for name in names}
        found = CourseOverview.objects.filter(pk=KEY).annotate(**values).values_list(*values).get()
        assert found == expected

    def test_with_a_constant_course_key(self, expected):
        values = precedence.published_values(KEY)
        [(_, url, language)] = course_overviews.of_key(OTHER).values_list(
            "_key", values["marketing_url"], values["content_language"]
        )
        assert (url, language) == expected

    def test_pin_overrides_the_url_only(self, expected):
        pin_marketing_url(KEY, PIN)
        published = precedence.data_for([KEY])[KEY]
        assert (published.marketing_url, published.content_language) == (PIN, expected[1])

    def test_ccx_course_has_the_url(self, expected):
        assert precedence.data_for([CCX])[CCX].marketing_url == expected[0]

    def test_after_a_change_of_one_catalog(self, stored, expected):
        read = course_runs.read([KEY])
        for name, each in stored.items():
            assert precedence.published_after({KEY: each}, read, name) == {
                KEY: precedence.published(read)[KEY]
            }
