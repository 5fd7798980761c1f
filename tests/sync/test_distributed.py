"""Sharing a sync with Celery workers, where there are none."""

from __future__ import annotations

import pytest
from celery import current_app

from catalog_sync.api import update_catalog_data

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("setting", "value"), [("broker_url", None), ("broker_url", "memory://"), ("task_always_eager", True)]
)
def test_without_workers_it_says_what_to_set(setting, value, broker, catalog, monkeypatch):
    monkeypatch.setitem(current_app.conf, setting, value)
    report = update_catalog_data(distribute=True)
    assert report.status == "failed"
    assert report.message.startswith("--distribute needs Celery workers")
