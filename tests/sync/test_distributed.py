"""Sharing a sync with Celery workers, where there are none."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CELERY_BROKER_URL", None),
        ("CELERY_BROKER_URL", "memory://"),
        ("CELERY_TASK_ALWAYS_EAGER", True),
    ],
)
def test_without_workers_it_says_what_to_set(setting, value, broker, catalog, settings):
    setattr(settings, setting, value)
    report = update_catalog_data(distribute=True)
    assert report.status == "failed"
    assert report.message.startswith("--distribute needs Celery workers")
