"""Celery tasks, thin: for celery beat, and for a sync whose pages several workers read.

A task that a worker dies with is handed out again (``acks_late``): whatever it had written, writing it again
changes nothing. Arguments and results hold course keys, numbers and sentences about failures, never a secret.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from celery import shared_task

from catalog_sync import api


@shared_task(name="catalog_sync.tasks.update_catalog_data", ignore_result=True)
def update_catalog_data(**options: Any) -> None:
    """Run one sync in a worker, with the options of ``catalog_sync.api.update_catalog_data``.

    With ``distribute=True`` the run goes on in other tasks after this one has returned. While another sync is running
    nothing is done; the log tells.
    """
    from catalog_sync.sync import LeaseHeld

    with suppress(LeaseHeld):
        api.update_catalog_data(**options, wait=False)


@shared_task(name="catalog_sync.tasks.read_stretch", acks_late=True, reject_on_worker_lost=True)
def read_stretch(stretch: dict[str, Any]) -> dict[str, Any]:
    """Read and write a stretch of the Catalog's list."""
    from catalog_sync.sync.distributed import take_stretch

    return take_stretch(stretch)


@shared_task(
    name="catalog_sync.tasks.conclude_sync", ignore_result=True, acks_late=True, reject_on_worker_lost=True
)
def conclude_sync(outcomes: list[dict[str, Any]], run_id: int, allow_removals: bool) -> None:
    """Join what the workers have read, retire what is gone, and close the run."""
    from catalog_sync.sync.distributed import conclude_distributed

    conclude_distributed(outcomes, run_id, allow_removals=allow_removals)


@shared_task(name="catalog_sync.tasks.give_up_sync", ignore_result=True)
def give_up_sync(run_id: int) -> None:
    """Close a run that a task of it has broken."""
    from catalog_sync.sync.distributed import give_up

    give_up(run_id)
