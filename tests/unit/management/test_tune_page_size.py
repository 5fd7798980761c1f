"""``manage.py tune_page_size`` with the latency model of the stand-in, ten times as fast as the real service."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command

from catalog_sync import api
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.sync.tuning import Measurement
from sandbox.catalog.testing import COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db

RUNS = 1_500
# With this page size, a full sync exceeds the hourly quota.
EXPENSIVE = 5
PAGE_SECONDS, RUN_SECONDS = 0.009, 0.00037


@pytest.fixture
def slow_catalog(catalog):
    catalog.control.generate(RUNS)
    catalog.control.settings(
        latency=True,
        page_seconds=PAGE_SECONDS,
        run_seconds=RUN_SECONDS,
        skipped_run_seconds=0.000008,
        cache=False,
        irregular=1,
        stall_seconds=0.5,
    )
    return catalog


def tune(*options):
    out = io.StringIO()
    call_command("tune_page_size", *options, stdout=out)
    return out.getvalue()


def recommended(out):
    """Return the page size and the concurrency that the output recommends."""
    found = re.search(r"Recommended: page size ([\d,]+), concurrency (\d+)\.", out)
    return int(found[1].replace(",", "")), int(found[2])


class TestFastCatalog:
    """Every page takes a few milliseconds, so no page size saves a time that a person notices."""

    @pytest.fixture(autouse=True)
    def generated(self, catalog):
        catalog.control.generate(250)

    @pytest.mark.parametrize(
        ("config", "kept"),
        [
            ({}, "page size 500, concurrency 2"),
            ({"page_size": 5000, "concurrency": 1}, "page size 5,000, concurrency 1"),
            ({"page_size": 0, "concurrency": 16}, "page size auto, concurrency 16"),
        ],
    )
    def test_configuration_is_kept(self, config, kept):
        if config:
            CatalogSyncConfig.objects.create(enabled=True, **config)
        out = tune()
        assert f"No measurable difference: keep the configured {kept}." in out
        assert ("Recommended" in out, "--save" in out) == (False, False)

    def test_nothing_is_saved(self):
        assert "Nothing was saved" in tune("--save")
        assert not CatalogSyncConfig.objects.exists()

    def test_page_size_that_exceeds_the_quota_is_not_kept(self):
        CatalogSyncConfig.objects.create(enabled=True, page_size=2)
        assert recommended(tune())[0] > 2

    def test_no_time_is_rounded_to_zero(self):
        table, plot = tune().split("Seconds per full sync")
        times = [line.split("|")[2] for line in table.strip().splitlines()[1:]]
        times += re.findall(r"#+ (\S+)$", plot, re.MULTILINE)
        assert len(times) == 12
        assert min(map(float, times)) > 0


def test_recommendation_has_a_separator_of_thousands_and_names_the_option_that_saves(catalog):
    catalog.control.generate(7_200)
    CatalogSyncConfig.objects.create(enabled=True, page_size=EXPENSIVE)
    out = tune("--requests=110")
    assert re.search(r"Recommended: page size [125],000, concurrency \d\. ", out)
    assert "run the command with --save" in out


def test_budget_of_requests_is_kept_and_every_measurement_has_its_bar(slow_catalog, capsys):
    out = tune("--requests=20")
    assert len(slow_catalog.control.requests(COURSE_RUNS_PATH)) <= 20
    assert "--requests" in capsys.readouterr().err
    table, plot = out.split("Seconds per full sync")
    assert plot.count("#\n") + plot.count("# ") == len(table.strip().splitlines()) - 1 == 3
    assert not CatalogSyncConfig.objects.exists()


def test_page_sizes_that_exceed_the_quota_are_not_measured(catalog):
    catalog.control.generate(20_781)
    out = tune("--requests=19")
    assert re.findall(r"^ +([\d,]+) \| +1 \|", out, re.MULTILINE) == ["200"]
    assert "105 of the 200 requests that an ordinary user has per hour" in out


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
    out = tune("--target-seconds=0.01", "--save")
    config = CatalogSyncConfig.current()
    assert (config.page_size, config.concurrency) == recommended(out)


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


def test_saved_page_size_does_not_keep_the_name_of_the_last_user(admin_user):
    CatalogSyncConfig.objects.create(changed_by=admin_user)
    api.save_page_size(Measurement(page_size=500, concurrency=2, seconds=1, requests=9))
    assert CatalogSyncConfig.current("default").changed_by is None
