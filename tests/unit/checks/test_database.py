"""The system check that tells of a sync that is overdue."""

from __future__ import annotations

import pytest
from django.core import checks
from django.db import DatabaseError
from django.utils import timezone

from catalog_sync.checks import check_freshness, check_quota, check_set_up
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health
from sandbox.lms.course_overviews.models import CourseOverview

pytestmark = pytest.mark.django_db


class TestSystemCheck:
    """``manage.py check --database default``, and every ``migrate``."""

    def test_stale_sync_is_a_warning(self):
        assert [warning.id for warning in check_freshness(databases=["default"])] == ["catalog_sync.W003"]

    def test_healthy_sync_is_none(self):
        SyncRun.objects.create(status=SyncRun.Status.SUCCEEDED, finished=timezone.now())
        assert check_freshness(databases=["default"]) == []

    def test_other_warning_hides_none(self, monkeypatch):
        monkeypatch.setattr(CourseOverview._meta.get_field("marketing_url"), "max_length", 255)
        assert [warning.id for warning in check_freshness(databases=["default"])] == ["catalog_sync.W003"]

    def test_what_is_not_set_up_is_told_by_itself(self, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = -1
        assert check_freshness(databases=["default"]) == []

    @pytest.mark.parametrize("databases", [None, [], ["other"]])
    def test_database_that_was_not_named_is_not_asked(self, databases, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert check_freshness(databases=databases) == []

    def test_ordinary_check_does_not_ask(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            checks.run_checks(tags=["catalog_sync"])

    def test_check_of_the_database_asks(self):
        assert "catalog_sync.W003" in [each.id for each in checks.run_checks(databases=["default"])]

    def test_database_without_tables_is_another_matter(self, monkeypatch):
        def fail():
            raise DatabaseError("no such table")

        monkeypatch.setattr(health, "look", fail)
        assert check_freshness(databases=["default"]) == []

    @pytest.mark.parametrize("hours", ["12", 0, -1, float("nan"), float("inf"), 1_000_001, 1e14])
    def test_limit_that_is_no_number_of_hours_is_an_error(self, hours, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = hours
        assert "catalog_sync.E009" in [each.id for each in check_set_up()]

    @pytest.mark.parametrize("hours", [None, 0.5, 12, 1_000_000])
    def test_limit_that_is_a_number_of_hours_is_none(self, hours, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = hours
        assert "catalog_sync.E009" not in [each.id for each in check_set_up()]


class TestQuota:
    """Whether a full sync fits an hour's quota."""

    @pytest.fixture(autouse=True)
    def listed(self):
        SyncRun.objects.create(status="succeeded", catalog_count=21_151)

    def test_page_size_that_needs_too_many_requests_is_told(self):
        CatalogSyncConfig.objects.create(page_size=100)
        [warning] = check_quota(databases=["default"])
        assert (warning.id, "takes 214 requests" in warning.msg) == ("catalog_sync.W005", True)

    @pytest.mark.parametrize("page_size", [0, 500])
    def test_page_size_that_fits_is_no_fault(self, page_size):
        CatalogSyncConfig.objects.create(page_size=page_size)
        assert check_quota(databases=["default"]) == []

    def test_database_is_asked_only_where_it_may_be(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            check_quota()
