"""The stored course runs: one per Catalog and course key."""

from __future__ import annotations

import pytest

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData, StoredData

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"
PUBLISHED = CatalogData("published", URL, True, "en")


def stored(key=KEY, catalog="default"):
    return course_runs.read([key]).of_catalog(catalog)[key]


class TestRecord:
    """Writing and reading."""

    def test_what_is_recorded_again_replaces_it_in_the_same_row(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        before = CatalogCourseRun.objects.get()
        assert stored().data == PUBLISHED
        course_runs.record({KEY: CatalogData("unpublished"), OTHER: PUBLISHED}, "default")
        after = CatalogCourseRun.objects.get(course_key=KEY)
        assert stored().data == CatalogData("unpublished")
        assert (after.pk, after.created, after.modified > before.modified) == (
            before.pk,
            before.created,
            True,
        )

    @pytest.mark.parametrize("catalog", ["it's", 'a "quoted" one', "100 %s", "back\\slash", "名前"])
    def test_name_of_the_catalog_may_be_any_text(self, catalog):
        course_runs.record({KEY: PUBLISHED, OTHER: PUBLISHED}, catalog)
        assert course_runs.read([KEY, OTHER]).of_catalog(catalog).keys() == {KEY, OTHER}

    def test_nothing_is_no_statement(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            course_runs.record({}, "default")

    def test_reading_many_is_one_query(self, django_assert_num_queries):
        course_runs.record({f"course-v1:ExampleX+C{n}+2026": PUBLISHED for n in range(300)}, "default")
        keys = [f"course-v1:ExampleX+C{n}+2026" for n in range(500)]
        with django_assert_num_queries(1):
            assert len(course_runs.read(keys).course_runs) == 300

    def test_unknown_key_is_left_out(self):
        assert course_runs.read([KEY]) == StoredData({}, {})

    def test_deletes_the_course_runs_of_these_keys(self):
        course_runs.record({KEY: PUBLISHED, OTHER: PUBLISHED}, "default")
        course_runs.delete_course_runs([KEY], "default")
        assert course_runs.read([KEY, OTHER]).course_runs.keys() == {OTHER}

    def test_counts_the_course_runs_of_the_catalog_only(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        course_runs.record({KEY: PUBLISHED, OTHER: PUBLISHED}, "partner")
        assert [course_runs.count(name) for name in ("default", "partner")] == [1, 2]

    def test_reads_pins_with_and_without_a_course_run(self, django_assert_num_queries):
        course_runs.record({KEY: PUBLISHED}, "default")
        for key in (KEY, OTHER):
            pin_marketing_url(key, OTHER_URL)
        with django_assert_num_queries(1):
            found = course_runs.read([KEY, OTHER])
        assert (found.course_runs.keys(), found.pins) == ({KEY}, {KEY: OTHER_URL, OTHER: OTHER_URL})


class TestSeveralCatalogs:
    """Each Catalog has its own row for a course key."""

    @pytest.fixture(autouse=True)
    def named(self, settings):
        address = {"URL": "https://discovery.example.com/api/v1"}
        settings.CATALOG_SYNC_CATALOGS = {"second": address, "first": address}
        for name in ("former", "first", "second"):
            course_runs.record({KEY: PUBLISHED._replace(content_language=name)}, name)

    def test_returns_them_in_the_order_of_the_setting(self):
        names = [each.catalog for each in course_runs.read([KEY]).course_runs[KEY]]
        assert names == ["second", "first", "former"]

    def test_writes_only_that_of_the_catalog(self):
        course_runs.record({KEY: CatalogData("unpublished")}, "first")
        data = {name: stored(KEY, name).data.status for name in ("first", "second", "former")}
        assert data == {"first": "unpublished", "second": "published", "former": "published"}

    def test_deletes_only_that_of_the_catalog(self):
        course_runs.delete_course_runs([KEY], "first")
        assert [each.catalog for each in course_runs.read([KEY]).course_runs[KEY]] == ["second", "former"]

    @pytest.mark.parametrize(
        ("data", "names"),
        [(None, ["second", "former"]), (CatalogData("new"), ["second", "first", "former"])],
        ids=["deleted", "changed"],
    )
    def test_returns_what_would_be_stored_after_a_change(self, data, names):
        after = course_runs.read([KEY]).with_changes("first", {KEY: data}).course_runs[KEY]
        assert [each.catalog for each in after] == names
        assert [each.data for each in after if each.catalog == "first"] == ([data] if data else [])
