"""The replica: what is held of each run, and what a course overview is to show of it."""

from __future__ import annotations

import pytest

from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"
PUBLISHED = CatalogData("published", URL, True, "en")


class TestRecord:
    """Writing and reading."""

    def test_what_is_recorded_is_read(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert course_runs.read([KEY])[KEY].held == PUBLISHED

    def test_what_is_recorded_again_replaces_it(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        course_runs.record({KEY: CatalogData("unpublished")}, "default")
        assert course_runs.read([KEY])[KEY].held == CatalogData("unpublished")

    @pytest.mark.parametrize("catalog", ["it's", 'a "quoted" one', "100 %s", "back\\slash", "名前"])
    def test_name_of_the_catalog_may_be_any_text(self, catalog):
        course_runs.record({KEY: PUBLISHED, OTHER: PUBLISHED}, catalog)
        assert {row.catalog for row in course_runs.read([KEY, OTHER]).values()} == {catalog}

    def test_row_keeps_its_id(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        before = course_runs.read([KEY])[KEY].id
        course_runs.record({KEY: CatalogData("unpublished"), OTHER: PUBLISHED}, "default")
        assert course_runs.read([KEY])[KEY].id == before

    def test_row_keeps_when_it_was_made(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        before = CatalogCourseRun.objects.get().created
        course_runs.record({KEY: CatalogData("unpublished")}, "default")
        assert CatalogCourseRun.objects.get().created == before

    def test_modified_moves(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        before = CatalogCourseRun.objects.get().modified
        course_runs.record({KEY: CatalogData("unpublished")}, "default")
        assert CatalogCourseRun.objects.get().modified > before

    def test_nothing_is_no_statement(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            course_runs.record({}, "default")

    def test_reading_many_is_one_query(self, django_assert_num_queries):
        course_runs.record({f"course-v1:ExampleX+C{n}+2026": PUBLISHED for n in range(300)}, "default")
        with django_assert_num_queries(1):
            assert len(course_runs.read([f"course-v1:ExampleX+C{n}+2026" for n in range(500)])) == 300

    def test_unknown_key_is_left_out(self):
        assert course_runs.read([KEY]) == {}

    def test_forgotten_row_is_gone(self):
        course_runs.record({KEY: PUBLISHED, OTHER: PUBLISHED}, "default")
        course_runs.delete_course_runs([KEY], "default")
        assert course_runs.read([KEY, OTHER]).keys() == {OTHER}

    def test_rows_are_counted(self):
        course_runs.record({KEY: PUBLISHED, OTHER: PUBLISHED}, "default")
        assert course_runs.count("default") == 2

    def test_row_for_a_pin_alone_is_not_counted(self):
        CatalogCourseRun.objects.create(course_key=KEY, pinned_url=URL)
        assert course_runs.count("default") == 0


class TestHeldFor:
    """What course overviews are to show."""

    def test_run_shows_what_is_held(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert course_runs.data_for([KEY]) == {KEY: PUBLISHED}

    def test_ccx_shows_the_url_of_its_parent(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert course_runs.data_for([CCX])[CCX].marketing_url == URL

    def test_ccx_shows_nothing_else_of_its_parent(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert course_runs.data_for([CCX])[CCX] == CatalogData(marketing_url=URL)

    def test_ccx_shows_its_own_url_first(self):
        course_runs.record({KEY: PUBLISHED, CCX: CatalogData("published", OTHER_URL)}, "default")
        assert course_runs.data_for([CCX])[CCX].marketing_url == OTHER_URL

    def test_ccx_with_a_row_without_url_shows_that_of_its_parent(self):
        course_runs.record({KEY: PUBLISHED, CCX: CatalogData("unpublished", None, False, "fr")}, "default")
        assert course_runs.data_for([CCX])[CCX] == CatalogData("unpublished", URL, False, "fr")

    def test_key_without_anything_is_left_out(self):
        assert course_runs.data_for([KEY, CCX]) == {}

    def test_takes_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            course_runs.data_for([KEY, CCX, OTHER])


class TestInheriting:
    """The CCX courses that show something by their parent run only."""

    def test_has_the_row_of_the_parent(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert course_runs.published_data_for([CCX]).inheriting == {CCX: course_runs.read([KEY])[KEY]}

    def test_ccx_that_the_catalog_lists_does_not_inherit(self):
        course_runs.record({KEY: PUBLISHED, CCX: PUBLISHED}, "default")
        assert course_runs.published_data_for([CCX]).inheriting == {}

    def test_ccx_without_a_parent_inherits_nothing(self):
        assert course_runs.published_data_for([CCX]).inheriting == {}

    def test_parent_that_is_taken_to_be_there_has_no_row(self):
        assert course_runs.published_data_for([CCX], {KEY: PUBLISHED}).inheriting == {CCX: None}


class TestSourceOf:
    """Whose row says what a course overview is to show."""

    def test_nothing_is_nobodys(self):
        assert course_runs.source_of(CCX) is None

    def test_run_with_a_url_is_its_own(self):
        course_runs.record({KEY: PUBLISHED}, "default")
        assert course_runs.source_of(KEY) == (KEY, False)

    def test_run_without_a_url_is_nobodys(self):
        course_runs.record({KEY: CatalogData("unpublished")}, "default")
        assert course_runs.source_of(KEY) is None

    def test_pin_is_told(self):
        CatalogCourseRun.objects.create(course_key=KEY, pinned_url=URL)
        assert course_runs.source_of(KEY) == (KEY, True)

    def test_ccx_without_a_url_has_its_parent(self):
        course_runs.record({KEY: PUBLISHED, CCX: CatalogData("unpublished")}, "default")
        assert course_runs.source_of(CCX) == (KEY, False)

    def test_ccx_with_a_url_is_its_own(self):
        course_runs.record({KEY: PUBLISHED, CCX: PUBLISHED}, "default")
        assert course_runs.source_of(CCX) == (CCX, False)
