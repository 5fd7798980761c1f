"""The tables, and what the database itself holds to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from catalog_sync.models import (
    CatalogCourseRun,
    CatalogSyncConfig,
    MarketingUrlMixin,
    PinnedMarketingUrl,
    SyncRun,
)

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
URL = "https://www.example.com/pinned"


class TestMarketingUrlMixin:
    """The column, as edx-platform defines it."""

    def test_is_abstract(self):
        assert MarketingUrlMixin._meta.abstract

    def test_field_is_a_text_that_may_be_null(self):
        field = MarketingUrlMixin._meta.get_field("marketing_url")
        assert (type(field), field.null, field.blank) == (models.TextField, True, True)


class TestCatalogCourseRun:
    """The stored course runs."""

    def test_key_is_unique_per_catalog(self):
        CatalogCourseRun.objects.create(course_key=KEY)
        with pytest.raises(IntegrityError), transaction.atomic():
            CatalogCourseRun.objects.create(course_key=KEY)

    def test_several_catalogs_may_have_the_same_key(self):
        CatalogCourseRun.objects.create(course_key=KEY)
        assert CatalogCourseRun.objects.create(course_key=KEY, catalog="partner").pk

    def test_key_of_another_case_is_another_key(self):
        CatalogCourseRun.objects.create(course_key=KEY)
        assert CatalogCourseRun.objects.create(course_key=KEY.upper()).pk

    def test_key_is_found_in_its_own_case_only(self):
        CatalogCourseRun.objects.create(course_key=KEY)
        assert not CatalogCourseRun.objects.filter(course_key=KEY.upper()).exists()

    def test_longest_key_fits(self):
        key = "course-v1:".ljust(255, "x")
        assert CatalogCourseRun.objects.create(course_key=key).course_key == key

    def test_url_of_every_script_fits(self):
        url = "https://例え.テスト/コース/\N{GRADUATION CAP}"
        CatalogCourseRun.objects.create(course_key=KEY, marketing_url=url)
        assert CatalogCourseRun.objects.get().marketing_url == url

    def test_is_named_by_its_key(self):
        assert str(CatalogCourseRun(course_key=KEY)) == KEY


class TestPinnedMarketingUrl:
    """The pins."""

    def pin(self, course_key=KEY):
        return PinnedMarketingUrl.objects.create(course_key=course_key, url=URL, pinned_at=timezone.now())

    def test_key_is_unique(self):
        self.pin()
        with pytest.raises(IntegrityError), transaction.atomic():
            self.pin()

    def test_key_of_another_case_is_another_key(self):
        self.pin()
        assert self.pin(KEY.upper()).pk

    def test_is_named_by_its_key(self):
        assert str(PinnedMarketingUrl(course_key=KEY)) == KEY


class TestSyncRun:
    """The history of syncs."""

    def test_one_holds_the_lease(self):
        SyncRun.objects.create(lease="default")
        with pytest.raises(IntegrityError), transaction.atomic():
            SyncRun.objects.create(lease="default")

    def test_any_number_has_ended(self):
        SyncRun.objects.create(lease=None)
        assert SyncRun.objects.create(lease=None).pk

    def test_is_named_by_number_and_status(self):
        assert str(SyncRun(pk=7, status="failed")) == "7 (failed)"


class TestCatalogSyncConfig:
    """What operators tune."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("enabled", True),
            ("page_size", 500),
            ("concurrency", 2),
            ("request_timeout_seconds", 30),
            ("retry_deadline_seconds", 300),
            ("max_removal_percent", 10),
        ],
    )
    def test_default_is_used_without_a_row(self, name, value):
        assert getattr(CatalogSyncConfig.current(), name) == value

    def test_reading_the_defaults_makes_no_row(self):
        CatalogSyncConfig.current()
        assert not CatalogSyncConfig.objects.exists()

    def test_newest_row_is_used(self):
        CatalogSyncConfig.objects.create(page_size=100)
        CatalogSyncConfig.objects.create(page_size=200)
        assert CatalogSyncConfig.current().page_size == 200

    def test_newest_row_is_used_after_a_row_with_a_future_date(self):
        ahead = CatalogSyncConfig.objects.create(enabled=True)
        CatalogSyncConfig.objects.filter(pk=ahead.pk).update(change_date=timezone.now() + timedelta(days=1))
        CatalogSyncConfig.objects.create(enabled=False)
        assert not CatalogSyncConfig.current().enabled

    def test_row_of_another_process_is_used_immediately(self):
        CatalogSyncConfig.current()
        CatalogSyncConfig.objects.bulk_create([CatalogSyncConfig(page_size=77)])
        assert CatalogSyncConfig.current().page_size == 77

    @pytest.mark.parametrize("page_size", [-1, 10_001])
    def test_page_size_out_of_its_range_is_not_valid(self, page_size):
        with pytest.raises(ValidationError, match="page_size"):
            CatalogSyncConfig(page_size=page_size).full_clean()

    @pytest.mark.parametrize("seconds", [0, 601])
    def test_time_out_of_a_request_has_limits(self, seconds):
        with pytest.raises(ValidationError, match="request_timeout_seconds"):
            CatalogSyncConfig(request_timeout_seconds=seconds).full_clean()

    def test_is_named_by_what_matters(self):
        assert str(CatalogSyncConfig(page_size=20, concurrency=3)) == "page size 20, concurrency 3"
