"""What the tests of the sync runs' pages share."""

from __future__ import annotations

from django.utils import timezone

from catalog_sync.models import SyncRun

RUNS = "/admin/catalog_sync/syncrun/"


def add_runs(count, **values):
    SyncRun.objects.bulk_create(
        SyncRun(
            **{
                "status": "succeeded",
                "holder": "a worker",
                "finished": timezone.now(),
                "page_size": 500,
                "concurrency": 2,
                "duration_seconds": 9.5,
                "catalog_count": 3300,
            }
            | values
        )
        for _ in range(count)
    )


def content(client, address=""):
    return client.get(f"{RUNS}{address}").content.decode()
