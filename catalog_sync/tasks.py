"""Celery tasks: for celery beat, and for a sync whose pages several workers read.

If a worker process ends during a task, the broker delivers the task again (``acks_late``). Writing the same data
twice is harmless. Arguments and results contain course keys, numbers and error messages, never a secret.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from celery import shared_task
from edx_django_utils.monitoring import set_code_owner_attribute

from catalog_sync import api


@shared_task(name="catalog_sync.tasks.update_catalog_data", ignore_result=True)
@set_code_owner_attribute
def update_catalog_data(**options: Any) -> None:
    """Run one sync in a worker, with the options of ``catalog_sync.api.update_catalog_data``.

    With ``distribute=True``, the sync run continues in other tasks after this one has returned. If another sync is
    running, this task logs that and does nothing.
    """
    from catalog_sync.exceptions import SyncAlreadyRunning

    with suppress(SyncAlreadyRunning):
        api.update_catalog_data(**options, wait=False)


@shared_task(name="catalog_sync.tasks.read_partition", acks_late=True, reject_on_worker_lost=True)
@set_code_owner_attribute
def read_partition(partition: dict[str, Any]) -> dict[str, Any]:
    """Read and write one part of the Catalog's list."""
    from catalog_sync.sync.distributed.coordinator import take_partition

    return take_partition(partition)


@shared_task(
    name="catalog_sync.tasks.conclude_sync", ignore_result=True, acks_late=True, reject_on_worker_lost=True
)
@set_code_owner_attribute
def conclude_sync(outcomes: list[dict[str, Any]], run_id: int, allow_removals: bool) -> None:
    """Combine the results of the workers, remove absent marketing URLs, and close the sync run."""
    from catalog_sync.sync.distributed.coordinator import conclude_distributed

    conclude_distributed(outcomes, run_id, allow_removals=allow_removals)


@shared_task(name="catalog_sync.tasks.give_up_sync", ignore_result=True)
@set_code_owner_attribute
def give_up_sync(run_id: int) -> None:
    """Close a sync run after one of its tasks has failed."""
    from catalog_sync.sync.distributed.coordinator import give_up

    give_up(run_id)
