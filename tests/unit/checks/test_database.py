"""System checks that read the database: a stale sync, and the Catalog's quota."""

from __future__ import annotations

import pytest
from django.core import checks
from django.db import DatabaseError
from django.utils import timezone

from catalog_sync.checks import check_freshness, check_migrations, check_quota, check_set_up
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health
from sandbox.lms.course_overviews.models import CourseOverview

pytestmark = pytest.mark.django_db


def ids(messages):
    return [message.id for message in messages]


class TestTables:
    """``manage.py check --tag catalog_sync --database default`` before and after ``migrate``."""

    def test_passes_if_they_exist(self):
        assert check_migrations(databases=["default"]) == []

    def test_warns_if_they_do_not_exist(self, monkeypatch):
        monkeypatch.setattr(SyncRun._meta, "db_table", "another_table")
        [warning] = check_migrations(databases=["default"])
        assert (warning.id, warning.msg, warning.is_serious()) == (
            "catalog_sync.W013",
            "The tables of catalog_sync do not exist.",
            False,
        )


class TestFreshness:
    """``manage.py check --database default``, and every ``migrate``."""

    def test_warns_of_a_stale_sync(self):
        assert ids(check_freshness(databases=["default"])) == ["catalog_sync.W003"]

    def test_does_not_warn_of_a_healthy_sync(self):
        SyncRun.objects.create(status=SyncRun.Status.SUCCEEDED, finished=timezone.now())
        assert check_freshness(databases=["default"]) == []

    def test_warns_beside_another_warning(self, monkeypatch):
        monkeypatch.setattr(CourseOverview._meta.get_field("marketing_url"), "max_length", 255)
        assert ids(check_freshness(databases=["default"])) == ["catalog_sync.W003"]

    def test_leaves_an_error_of_the_settings_to_its_own_check(self, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = -1
        assert check_freshness(databases=["default"]) == []

    def test_reads_only_a_database_that_was_named(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            for databases in (None, [], ["other"]):
                assert check_freshness(databases=databases) == check_quota(databases=databases) == []
            checks.run_checks(tags=["catalog_sync"])
        assert "catalog_sync.W003" in ids(checks.run_checks(databases=["default"]))

    def test_passes_without_tables(self, monkeypatch):
        def fail():
            raise DatabaseError("no such table")

        monkeypatch.setattr(health, "of_each_catalog", fail)
        assert check_freshness(databases=["default"]) == []

    @pytest.mark.parametrize(
        ("hours", "is_error"),
        [(hours, True) for hours in ("12", 0, -1, float("nan"), float("inf"), 1_000_001, 1e14)]
        + [(hours, False) for hours in (None, 0.5, 12, 1_000_000)],
    )
    def test_limit_must_be_a_number_of_hours(self, hours, is_error, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = hours
        assert ("catalog_sync.E009" in ids(check_set_up())) == is_error


class TestQuota:
    """Whether a full sync stays within the hourly quota."""

    @pytest.mark.parametrize(("page_size", "expected"), [(100, ["catalog_sync.W005"]), (0, []), (500, [])])
    def test_warns_of_a_page_size_that_needs_too_many_requests(self, page_size, expected):
        SyncRun.objects.create(status="succeeded", catalog_count=21_151)
        CatalogSyncConfig.objects.create(page_size=page_size)
        warnings = check_quota(databases=["default"])
        assert ids(warnings) == expected
        assert all("takes 214 requests" in warning.msg for warning in warnings)
