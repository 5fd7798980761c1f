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
PUBLISHED, OTHER_DATA = CatalogData("published", URL, True, "en"), CatalogData("published", OTHER_URL)
WITHOUT_URL = CatalogData("unpublished", None, False, "fr")


class TestDataFor:
    """The data to publish."""

    @pytest.mark.parametrize(
        ("stored", "key", "expected"),
        [
            ({KEY: PUBLISHED}, KEY, PUBLISHED),
            ({KEY: PUBLISHED}, CCX, CatalogData(marketing_url=URL)),
            ({KEY: PUBLISHED, CCX: OTHER_DATA}, CCX, OTHER_DATA),
            ({KEY: PUBLISHED, CCX: WITHOUT_URL}, CCX, WITHOUT_URL._replace(marketing_url=URL)),
        ],
        ids=[
            "course run",
            "CCX course",
            "CCX course with its own URL",
            "CCX course with its own other values",
        ],
    )
    def test_is_that_of_the_course_run_or_the_url_of_the_parent_course_run(self, stored, key, expected):
        course_runs.record(stored, "default")
        assert precedence.published_for([key]) == {key: expected}

    def test_leaves_out_keys_for_which_nothing_is_stored(self):
        assert precedence.published_for([KEY, CCX]) == {}

    def test_takes_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            precedence.published_for([KEY, CCX, OTHER])


@pytest.mark.parametrize(
    ("stored", "pin", "key", "expected"),
    [
        ({}, None, CCX, None),
        ({KEY: PUBLISHED}, None, KEY, (KEY, False)),
        ({KEY: WITHOUT_URL}, None, KEY, None),
        ({}, KEY, KEY, (KEY, True)),
        ({KEY: PUBLISHED, CCX: WITHOUT_URL}, None, CCX, (KEY, False)),
        ({KEY: PUBLISHED, CCX: PUBLISHED}, None, CCX, (CCX, False)),
    ],
    ids=["nothing", "course run", "no URL", "pin", "parent course run", "CCX course itself"],
)
def test_source_is_the_course_key_for_which_the_url_is_stored(stored, pin, key, expected):
    course_runs.record(stored, "default")
    if pin:
        pin_marketing_url(pin, URL)
    found = precedence.source_in(key, course_runs.read(precedence.with_parents([key])))
    assert (found and found[:2]) == expected


@pytest.fixture
def two_catalogs(settings):
    address = {"URL": "https://discovery.example.com/api/v1"}
    settings.CATALOG_SYNC_CATALOGS = {"first": address, "second": address}


@pytest.mark.parametrize(
    ("catalog", "url", "other", "other_url", "expected"),
    [
        ("first", URL, "second", OTHER_URL, URL),
        ("first", None, "second", OTHER_URL, OTHER_URL),
        ("second", URL, "first", OTHER_URL, OTHER_URL),
        ("second", URL, "first", None, URL),
    ],
)
def test_data_after_the_changes_of_one_catalog(catalog, url, other, other_url, expected, two_catalogs):
    """The other Catalog is the only one that lists the course run so far."""
    course_runs.record({KEY: CatalogData("published", other_url), OTHER: PUBLISHED}, other)
    published = precedence.published_after(
        {KEY: CatalogData("published", url)}, course_runs.read([KEY, OTHER]), catalog
    )
    assert {key: data.marketing_url for key, data in published.items()} == {KEY: expected}


def test_data_after_changes_has_the_pinned_urls():
    for key in (KEY, OTHER):
        pin_marketing_url(key, PIN)
    changes = {KEY: PUBLISHED, CCX: PUBLISHED}
    published = precedence.published_after(changes, course_runs.read([KEY, OTHER, CCX]), "default")
    assert published == {KEY: PUBLISHED._replace(marketing_url=PIN), CCX: PUBLISHED}


def test_ccx_courses_of_a_pinned_course_run_have_a_pinned_source():
    pin_marketing_url(KEY, PIN)
    assert precedence.with_pinned_source([KEY, CCX, OTHER]) == {KEY, CCX}


def data(url, language):
    return CatalogData("published" if url else "unpublished", url, None, language)


ORDER = [
    ({"first": data(URL, "a"), "second": data(OTHER_URL, "b")}, (URL, "a")),
    ({"first": data(None, "a"), "second": data(OTHER_URL, "b")}, (OTHER_URL, "b")),
    ({"second": data(OTHER_URL, "b")}, (OTHER_URL, "b")),
    ({"first": data(None, "a"), "second": data(None, "b")}, (None, "a")),
    ({"second": data(OTHER_URL, "b"), "former": data(THIRD_URL, "c")}, (OTHER_URL, "b")),
    ({"second": data(None, "b"), "former": data(THIRD_URL, "c")}, (THIRD_URL, "c")),
    ({"former": data(THIRD_URL, "c")}, (THIRD_URL, "c")),
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
        for name in ("former", "second", "first"):
            if name in stored:
                course_runs.record({KEY: stored[name]}, name)
        CourseOverviewFactory(id=OTHER)

    def test_in_python(self, expected):
        published = precedence.published_for([KEY])[KEY]
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
        published = precedence.published_for([KEY])[KEY]
        assert (published.marketing_url, published.content_language) == (PIN, expected[1])

    def test_ccx_course_has_the_url(self, expected):
        assert precedence.published_for([CCX])[CCX].marketing_url == expected[0]

    def test_after_a_change_of_one_catalog(self, stored, expected):
        read = course_runs.read([KEY])
        for name, each in stored.items():
            assert precedence.published_after({KEY: each}, read, name) == {
                KEY: precedence.published(read)[KEY]
            }
