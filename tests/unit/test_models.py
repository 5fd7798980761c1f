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


def test_mixin_has_the_column_as_edx_platform_defines_it():
    field = MarketingUrlMixin._meta.get_field("marketing_url")
    assert (type(field), field.null, field.blank) == (models.TextField, True, True)
    assert MarketingUrlMixin._meta.abstract


class TestCatalogCourseRun:
    """The stored course runs."""

    def test_key_is_unique_per_catalog(self):
        for catalog in ("default", "partner"):
            CatalogCourseRun.objects.create(course_key=KEY, catalog=catalog)
        with pytest.raises(IntegrityError), transaction.atomic():
            CatalogCourseRun.objects.create(course_key=KEY)

    def test_key_of_another_case_is_another_key(self):
        CatalogCourseRun.objects.create(course_key=KEY)
        assert not CatalogCourseRun.objects.filter(course_key=KEY.upper()).exists()
        assert CatalogCourseRun.objects.create(course_key=KEY.upper()).pk

    def test_longest_key_fits(self):
        key = "course-v1:".ljust(255, "x")
        assert CatalogCourseRun.objects.create(course_key=key).course_key == key

    def test_url_of_every_script_fits(self):
        url = "https://例え.テスト/コース/\N{GRADUATION CAP}"
        CatalogCourseRun.objects.create(course_key=KEY, marketing_url=url)
        assert CatalogCourseRun.objects.get().marketing_url == url


class TestPinnedMarketingUrl:
    """The pins."""

    def pin(self, course_key=KEY):
        return PinnedMarketingUrl.objects.create(course_key=course_key, url=URL, pinned_at=timezone.now())

    def test_key_is_unique_but_that_of_another_case_is_another_key(self):
        self.pin()
        with pytest.raises(IntegrityError), transaction.atomic():
            self.pin()
        assert self.pin(KEY.upper()).pk


def test_one_sync_run_holds_the_lease_and_any_number_has_none():
    for lease in ("default", None, None):
        SyncRun.objects.create(lease=lease)
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncRun.objects.create(lease="default")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (CatalogCourseRun(course_key=KEY), KEY),
        (PinnedMarketingUrl(course_key=KEY), KEY),
        (SyncRun(pk=7, status="failed"), "7 (failed)"),
        (CatalogSyncConfig(page_size=20, concurrency=3), "page size 20, concurrency 3"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_row_has_a_name(row, name):
    assert str(row) == name


class TestCatalogSyncConfig:
    """What operators tune."""

    def test_defaults_are_used_without_a_row_and_are_not_stored(self):
        config = CatalogSyncConfig.current()
        assert (config.enabled, config.page_size, config.concurrency) == (True, 500, 2)
        assert (config.request_timeout_seconds, config.retry_deadline_seconds) == (30, 300)
        assert config.max_removal_percent == 10
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

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("page_size", value) for value in (-1, 10_001)),
            *(("request_timeout_seconds", value) for value in (0, 601)),
        ],
    )
    def test_value_out_of_its_range_is_not_valid(self, name, value):
        with pytest.raises(ValidationError, match=name):
            CatalogSyncConfig(**{name: value}).full_clean()
