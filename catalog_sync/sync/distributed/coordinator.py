"""A sync run whose pages are read by Celery workers: hand out, take in, wait."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
from celery import chord, current_app, group, signature
from celery.backends.base import DisabledBackend
from django.db import Error as AnyDatabaseError

from catalog_sync import conf
from catalog_sync.broker import has_broker, reason_of
from catalog_sync.catalog_client import CatalogClient, OverlappingPages
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import PROGRESS, Canceled, Lease, LeaseLost
from catalog_sync.sync import page_size as page_sizes
from catalog_sync.sync.distributed.partitions import (
    Partition,
    PartitionOutcome,
    conclude,
    plan,
    read_partition,
)
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.runner import ITS_OWN_ERROR, Run, Stopped
from catalog_sync.sync.writer import Writer

# The tasks in catalog_sync.tasks, by name: they import this module, not the other way round.
READ_TASK = "catalog_sync.tasks.read_partition"
CONCLUDE_TASK = "catalog_sync.tasks.conclude_sync"
GIVE_UP_TASK = "catalog_sync.tasks.give_up_sync"

LOOK_SECONDS = 0.5
# How long the workers may take to write the next page, beyond what one request may take with all its retries.
PATIENCE_SECONDS = 60


class NoWorkers(Exception):
    """There is nobody to hand the pages to."""


def start_distributed(options: SyncOptions) -> SyncReport:
    """Ask here how long the list is, hand its pages to the workers, and return the report as it stands then.

    Raises:
        SyncAlreadyRunning: another sync is running.
    """
    run = Run.open(options)

    def hand_out(client: CatalogClient, writer: Writer) -> None:
        _check_celery()
        page_size = run.report.page_size = page_sizes.choose(options, client)
        # Two rows tell how long the list is as well as five hundred do; who reads them again reports what fails.
        pagination = OverlappingPages(2, stop=1)
        for _ in client.crawl(pagination, 1).pages():
            pass
        # Stored, so that the task that concludes can add the requests of this process to its own. Beforehand: the
        # workers may have done all before the next line.
        stored: dict[str, Any] = {
            "requests": client.requests,
            "retries": client.retries,
            "catalog_count": pagination.count,
        }
        if not options.page_size:
            stored["next_page_size"] = page_size
        # A run for which nobody waits here is in nobody's hands until a worker is free.
        ahead = _patience(options)
        writer.transact(lambda: run.lease.renew(ahead, page_size=page_size, **stored))
        _dispatch(plan(run, page_size, pagination.count, writer.statistics.newest_id), options)

    status, message = SyncRun.Status.FAILED, ITS_OWN_ERROR
    try:
        status, message = run.attempt(hand_out)
    except NoWorkers as error:
        message = str(error)
    finally:
        if status is not SyncRun.Status.SUCCEEDED:
            run.close(status, message)
    return run.report


def _patience(options: SyncOptions) -> float:
    """Return for how many seconds no worker need have written a page."""
    return PATIENCE_SECONDS + options.request_timeout_seconds + options.retry_deadline_seconds


def _check_celery() -> None:
    try:
        has_results = not isinstance(current_app.backend, DisabledBackend)
    except Exception as error:  # a result backend that is misspelled, or whose client is not installed
        raise NoWorkers(
            f"The Celery result backend cannot be used ({reason_of(error)}): correct CELERY_RESULT_BACKEND, or install "
            "its client."
        ) from error
    if not (has_broker() and has_results):
        raise NoWorkers(
            "--distribute needs Celery workers, and there is no broker or no result backend: set CELERY_BROKER_URL "
            "and CELERY_RESULT_BACKEND, without CELERY_TASK_ALWAYS_EAGER, or leave the option out."
        )


def _dispatch(partitions: Sequence[Partition], options: SyncOptions) -> None:
    run_id = partitions[0].run_id
    header = group(signature(READ_TASK, args=[msgspec.to_builtins(partition)]) for partition in partitions)
    give_up = signature(GIVE_UP_TASK, args=[run_id], immutable=True)
    body = signature(CONCLUDE_TASK, kwargs={"run_id": run_id, "allow_removals": options.allow_removals})
    try:
        chord(header)(body.on_error(give_up))
    except Exception as error:  # whatever client the host has configured for its broker and backend
        raise NoWorkers(
            f"The Celery broker or result backend cannot be reached ({reason_of(error)}): start it, or leave "
            "--distribute out."
        ) from error


def take_partition(values: dict[str, Any]) -> dict[str, Any]:
    """Read the stretch that a task was handed, and return its outcome, both as plain values."""
    partition = msgspec.convert(values, Partition)
    row, run = _rejoin(partition.run_id)
    if row.status == SyncRun.Status.RUNNING:
        outcome = read_partition(run, partition)
        # The next task may have to wait for a worker, too. If this cannot be stored, it is told there.
        with suppress(LeaseLost, Canceled, AnyDatabaseError):
            run.lease.renew(_patience(run.options))
    else:
        # It comes late, and must not even ask the Catalog.
        outcome = PartitionOutcome(
            partition, run.report, failures=["the run had ended before this stretch was read"]
        )
    plain: dict[str, Any] = msgspec.to_builtins(outcome)
    return plain


def conclude_distributed(outcomes: Sequence[dict[str, Any]], run_id: int, *, allow_removals: bool) -> None:
    """Join what the workers have read, retire, and close the run; once closed, a second call changes nothing."""
    row, run = _rejoin(run_id, allow_removals=allow_removals)
    if row.status != SyncRun.Status.RUNNING:
        return
    run.report.requests, run.report.retries = row.requests, row.retries
    run.report.catalog_count = row.catalog_count  # stands where no stretch could be read
    typed = [msgspec.convert(outcome, PartitionOutcome) for outcome in outcomes]
    run.carry_out(lambda client, writer: conclude(run, client, writer, typed))


def give_up(run_id: int) -> None:
    """Close a run of which a task raised an error of its own."""
    _close(run_id, "A worker's task failed; see its traceback in the worker's log.")


def wait_for_workers(report: SyncReport, options: SyncOptions) -> SyncReport:
    """Wait until the workers have concluded the run, and return its report.

    The lease is kept alive meanwhile: the pages may have to wait for a free worker.
    """
    run_id = report.run_id or 0
    lease = Lease(run_id)
    patience = _patience(options)
    pages, moved_at = -1, time.monotonic()
    while True:
        row = SyncRun.objects.get(pk=run_id)
        if row.status != SyncRun.Status.RUNNING:
            return _report_of(row)
        if row.pages != pages:
            pages, moved_at = row.pages, time.monotonic()
            if options.on_progress:
                options.on_progress(row.course_runs_retrieved, row.catalog_count)
        message = ""
        if options.should_stop and options.should_stop():
            message = str(Stopped())
        elif time.monotonic() - moved_at > patience:
            message = f"No Celery worker has written a page for {patience:.0f} s: look at the workers and their queue."
        if message:
            _close(run_id, message)
            continue
        try:
            lease.renew_if_due()
        except LeaseLost:
            continue  # closed this very moment: the row tells how
        except Canceled as canceled:
            _close(run_id, str(canceled))
            continue
        time.sleep(LOOK_SECONDS)


def _rejoin(run_id: int, *, allow_removals: bool = False) -> tuple[SyncRun, Run]:
    """Return the run that another process has opened, as stored and as something to work with."""
    row = SyncRun.objects.get(pk=run_id)
    options = SyncOptions.of(
        conf.catalog(row.catalog),
        page_size=row.page_size,
        concurrency=row.concurrency,
        dry_run=row.dry_run,
        allow_removals=allow_removals,
    )
    return row, Run.rejoin(row, options)


def _close(run_id: int, message: str) -> None:
    row, run = _rejoin(run_id)
    if row.status == SyncRun.Status.RUNNING:
        for name in (*PROGRESS, "catalog_count", "requests", "retries"):
            setattr(run.report, name, getattr(row, name))
        run.close(SyncRun.Status.FAILED, message)


def _report_of(row: SyncRun) -> SyncReport:
    names = {field.name for field in msgspec.structs.fields(SyncReport)} - {"run_id", "catalogs"}
    return SyncReport(run_id=row.pk, **{name: getattr(row, name) for name in names})
