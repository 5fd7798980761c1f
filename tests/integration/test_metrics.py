"""Prometheus gets the health of each Catalog, and the alert rules and the dashboard use metrics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from django.db import OperationalError, connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from catalog_sync.models import CatalogSyncConfig, SyncRun
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

METRICS = "/catalog_sync/metrics/"
TOKEN = "a token of the tests"
DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"
NAME = re.compile(r"\bcatalog_sync_[a-z_]+")


@pytest.fixture
def scrape(client, settings):
    """Return the samples as Prometheus reads them: name and labels → value."""
    settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN

    def read():
        response = client.get(METRICS, headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        families = text_string_to_metric_families(response.content.decode())
        return {
            (sample.name, sample.labels.get("catalog")): sample.value
            for family in families
            for sample in family.samples
        }

    return read


def succeeded(**values):
    return SyncRun.objects.create(status=SyncRun.Status.SUCCEEDED, finished=timezone.now(), **values)


def test_counts_courses_with_and_without_a_marketing_url(scrape):
    CourseOverviewFactory(marketing_url="https://www.example.com/course/one")
    CourseOverviewFactory(marketing_url=None)
    samples = scrape()
    assert samples["catalog_sync_course_overviews", None] == 2
    assert samples["catalog_sync_course_overviews_with_marketing_url", None] == 1


def test_sync_that_succeeded_is_healthy(scrape):
    run = succeeded(course_runs_rejected=3)
    samples = scrape()
    assert samples["catalog_sync_healthy", "default"] == 1
    assert samples["catalog_sync_last_full_sync_course_runs_rejected", "default"] == 3
    expected = run.finished.timestamp()
    assert samples["catalog_sync_last_success_timestamp_seconds", "default"] == pytest.approx(expected)


def test_refused_removals_are_counted(scrape):
    SyncRun.objects.create(status=SyncRun.Status.REFUSED, finished=timezone.now(), removals_refused=1_451)
    assert scrape()["catalog_sync_last_full_sync_removals_refused", "default"] == 1_451


def test_last_success_is_absent_before_the_first_sync_run(scrape):
    samples = scrape()
    assert samples["catalog_sync_healthy", "default"] == 0
    assert ("catalog_sync_last_success_timestamp_seconds", "default") not in samples


def test_disabled_sync_has_the_value_0(scrape):
    CatalogSyncConfig.objects.create(enabled=False)
    assert scrape()["catalog_sync_enabled", "default"] == 0


def test_each_catalog_has_its_own_values(scrape, settings):
    settings.CATALOG_SYNC_CATALOGS = {
        "main": {"URL": "https://main.example.com/api/v1"},
        "partner": {"URL": "https://partner.example.com/api/v1"},
    }
    succeeded(catalog="main")
    samples = scrape()
    assert (samples["catalog_sync_healthy", "main"], samples["catalog_sync_healthy", "partner"]) == (1, 0)


def test_request_without_the_token_is_refused(client, settings):
    settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN
    assert client.get(METRICS, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_database_error_is_503_without_its_text(client, settings):
    settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN

    def lose_the_database(*args):
        raise OperationalError("no route to db.internal.example.com")

    with connection.execute_wrapper(lose_the_database):
        response = client.get(METRICS, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (response.status_code, b"internal" in response.content) == (503, False)


def expressions():
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
    yield from (rule["expr"] for rule in rules)
    yield from (target["expr"] for panel in panels for target in panel["targets"])


def test_alerts_and_dashboard_use_metrics_that_exist(scrape):
    succeeded()
    exposed = {name for name, _ in scrape()}
    used = {name for expression in expressions() for name in NAME.findall(expression)}
    assert used <= exposed
