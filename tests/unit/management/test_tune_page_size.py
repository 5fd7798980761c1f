"""``manage.py tune_page_size`` with the latency model of the stand-in, four times as fast as the real service."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command

from catalog_sync import api
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.quota import PAGE_SIZES
from catalog_sync.sync.tuning import Measurement, Recommendation
from sandbox.catalog.testing import COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db

RUNS = 1_500
PAGE_SECONDS, RUN_SECONDS = 0.0225, 0.000925


@pytest.fixture
def slow_catalog(catalog):
    catalog.control.generate(RUNS)
    catalog.control.settings(
        latency=True,
        workers=4,
        page_seconds=PAGE_SECONDS,
        run_seconds=RUN_SECONDS,
        skipped_run_seconds=0,
        cache=False,
    )
    return catalog


def tune(*options):
    out = io.StringIO()
    call_command("tune_page_size", *options, stdout=out)
    return out.getvalue()


def recommended(out):
    """Return the page size and the concurrency that the output recommends."""
    found = re.search(r"Recommended: page size (\d+), concurrency (\d+)\.", out)
    return int(found[1]), int(found[2])


def modelled_seconds(page_size, concurrency):
    """Return what a full sync takes by the latency model."""
    requests = -(-RUNS // (page_size - 1))
    return -(-requests // concurrency) * (PAGE_SECONDS + RUN_SECONDS * page_size)


def test_recommendation_is_within_a_fifth_of_the_best_that_stays_in_time(slow_catalog):
    target_seconds = 0.4
    in_time = [size for size in PAGE_SIZES if PAGE_SECONDS + RUN_SECONDS * size <= target_seconds]
    best = min(modelled_seconds(size, concurrency) for size in in_time for concurrency in (1, 2, 4))
    chosen = recommended(tune(f"--target-seconds={target_seconds}"))
    assert modelled_seconds(*chosen) <= 1.2 * best


def test_budget_of_requests_is_kept_and_every_measurement_has_its_bar(slow_catalog, capsys):
    out = tune("--requests=10")
    assert len(slow_catalog.control.requests(COURSE_RUNS_PATH)) <= 10
    assert "--requests" in capsys.readouterr().err
    table, plot = out.split("Seconds per full sync:")
    assert plot.count("#\n") + plot.count("# ") == len(table.strip().splitlines()) - 1
    assert not CatalogSyncConfig.objects.exists()


@pytest.mark.parametrize("requests", [1, 10])
def test_budget_that_is_too_small_saves_nothing(slow_catalog, requests):
    with pytest.raises(CommandError):
        tune(f"--requests={requests}", "--save")
    assert not CatalogSyncConfig.objects.exists()


@pytest.mark.parametrize("throttled_after", [1, 3])
def test_rate_limit_is_reported_and_nothing_saved(slow_catalog, throttled_after):
    slow_catalog.control.settings(throttle_per_hour=throttled_after)
    with pytest.raises(CommandError, match="Rate limited by the Catalog"):
        tune("--save")
    assert not CatalogSyncConfig.objects.exists()


def test_save_stores_the_recommendation_in_the_configuration(slow_catalog):
    out = tune("--target-seconds=0.4", "--save")
    config = CatalogSyncConfig.current()
    assert (config.page_size, config.concurrency) == recommended(out)


@pytest.mark.parametrize(("requests", "is_reported"), [(200, False), (201, True)])
def test_more_requests_than_an_ordinary_user_has_are_reported(requests, is_reported, monkeypatch):
    best = Measurement(page_size=20, concurrency=1, seconds=1, total_seconds=9, requests=requests)
    monkeypatch.setattr(api, "recommend_page_size", lambda **_: Recommendation((best,), best))
    assert ("This sync needs more" in tune()) == is_reported


def test_catalog_that_is_down_is_reported_with_its_address(settings):
    settings.COURSE_CATALOG_API_URL = "http://127.0.0.1:9/api/v1"
    settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = "http://127.0.0.1:9/oauth2"
    with pytest.raises(CommandError, match=r"127\.0\.0\.1:9"):
        tune()


def test_missing_address_is_reported_by_the_name_of_its_setting(settings, capsys):
    settings.COURSE_CATALOG_API_URL = ""
    with pytest.raises(CommandError, match="COURSE_CATALOG_API_URL is not set"):
        call_command("tune_page_size")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--requests=0", "--requests must be at least 1 (got 0)."),
        ("--requests=-3", "--requests must be at least 1 (got -3)."),
        ("--target-seconds=0", "--target-seconds must be more than 0 (got 0)."),
        ("--target-seconds=nan", "--target-seconds must be more than 0 (got nan)."),
        ("--catalog=nope", "Unknown Catalog 'nope'. Choose from: default."),
    ],
)
def test_wrong_usage_exits_with_2_and_names_the_option(option, message):
    with pytest.raises(CommandError) as raised:
        tune(option)
    assert (raised.value.returncode, str(raised.value)) == (2, message)


@pytest.mark.django_db(transaction=True)
def test_database_without_tables_is_one_sentence():
    call_command("migrate", "catalog_sync", "zero", verbosity=0)
    try:
        with pytest.raises(CommandError, match=r"manage\.py migrate catalog_sync"):
            tune()
    finally:
        call_command("migrate", "catalog_sync", verbosity=0)


def test_saved_page_size_does_not_keep_the_name_of_the_last_user(admin_user):
    CatalogSyncConfig.objects.create(changed_by=admin_user)
    api.save_page_size(Measurement(page_size=500, concurrency=2, seconds=1, total_seconds=9, requests=9))
    assert CatalogSyncConfig.current("default").changed_by is None
