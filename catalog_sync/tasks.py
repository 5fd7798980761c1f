"""Celery tasks: for celery beat, and for a sync whose pages several workers read.

If a worker process ends during a task with ``acks_late``, the broker delivers the task again. Writing the same data
twice is harmless. Celery does not retry a task that failed: the next scheduled sync does. Arguments and results contain
course keys, numbers and error messages, never a secret.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from edx_django_utils.monitoring import set_code_owner_attribute

from catalog_sync import api
from catalog_sync.exceptions import SyncAlreadyRunning, SyncNotSucceeded


@shared_task(
    name="catalog_sync.tasks.update_catalog_data",
    ignore_result=False,
    throws=(SyncNotSucceeded, api.UsageError),
)
@set_code_owner_attribute
def update_catalog_data(request_id: int | None = None, **options: Any) -> dict[str, Any]:
    """Run a sync in a worker, with the options of ``catalog_sync.api.update_catalog_data``; return its report.

    With ``distribute=True``, the sync run continues in other tasks after this one has returned. If another sync is
    running, the status of the result is ``skipped``.

    Args:
        request_id: the ``SyncRequest`` of the user who started the task; None: there is none.
        options: those of the API.

    Raises:
        SyncNotSucceeded: the sync failed, was refused, was canceled or is incomplete.
    """
    if request_id is not None:
        from catalog_sync.operations import jobs

        jobs.start_requested(request_id)
    try:
        report = api.update_catalog_data(**options, wait=False)
    except SyncAlreadyRunning as error:
        return error.report.as_dict() if error.report else {"status": "skipped", "message": str(error)}
    return _result(report)


@shared_task(name="catalog_sync.tasks.read_partition", acks_late=True, reject_on_worker_lost=True)
@set_code_owner_attribute
def read_partition(partition: dict[str, Any]) -> dict[str, Any]:
    """Read and write one part of the Catalog's list."""
    from catalog_sync.sync.distributed.coordinator import take_partition

    return take_partition(partition)


@shared_task(
    name="catalog_sync.tasks.conclude_sync",
    ignore_result=False,
    throws=(SyncNotSucceeded,),
    acks_late=True,
    reject_on_worker_lost=True,
)
@set_code_owner_attribute
def conclude_sync(outcomes: list[dict[str, Any]], run_id: int, allow_removals: bool) -> dict[str, Any]:
    """Combine the results of the workers, remove absent marketing URLs, close the sync run and return its report.

    Raises:
        SyncNotSucceeded: the sync failed, was refused, was canceled or is incomplete.
    """
    from catalog_sync.sync.distributed.coordinator import join_and_close

    return _result(join_and_close(outcomes, run_id, allow_removals=allow_removals))


@shared_task(name="catalog_sync.tasks.give_up_sync", ignore_result=False, throws=(SyncNotSucceeded,))
@set_code_owner_attribute
def give_up_sync(run_id: int) -> None:
    """Close a sync run after one of its tasks has failed.

    Raises:
        SyncNotSucceeded: always, unless the sync run is already closed, as it is after ``conclude_sync`` has failed.
    """
    from catalog_sync.sync.distributed.coordinator import give_up

    if report := give_up(run_id):
        _result(report)


def _result(report: Any) -> dict[str, Any]:
    """Return the report as the result of a task, or fail the task, so that it is shown as failed."""
    if not report.is_fine:
        raise SyncNotSucceeded(f"{report.status}: {report.message}")
    values: dict[str, Any] = report.as_dict()
    return values
