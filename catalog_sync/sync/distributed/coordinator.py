"""A sync run whose pages are read by Celery workers: start it, run its tasks, and wait for its end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from celery import chord, current_app, group, signature
from celery.backends.base import BaseKeyValueStoreBackend, DisabledBackend
from django.db import Error as AnyDatabaseError

from catalog_sync import conf
from catalog_sync.broker import has_broker, reason_of
from catalog_sync.catalog_client import CatalogClient
from catalog_sync.models import SyncRun
from catalog_sync.store import course_overviews
from catalog_sync.store.lease import Canceled, Lease, LeaseLost
from catalog_sync.sync import page_size as page_sizes
from catalog_sync.sync.distributed.partitions import (
    Partition,
    PartitionOutcome,
    join_partitions,
    plan,
    read_partition,
)
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.runner import UNEXPECTED_ERROR, Run, Stopped
from catalog_sync.sync.writer import Writer

# The names of the tasks, because catalog_sync.tasks imports this module.
READ_TASK = "catalog_sync.tasks.read_partition"
CONCLUDE_TASK = "catalog_sync.tasks.conclude_sync"
GIVE_UP_TASK = "catalog_sync.tasks.give_up_sync"

POLL_SECONDS = 0.5
# How long the workers may take for the next page, in addition to the longest time of one request with its retries.
PATIENCE_SECONDS = 60


class NoWorkers(Exception):
    """Celery cannot send tasks, or cannot return their results."""


def start_distributed(options: SyncOptions) -> SyncReport:
    """Send the pages to the workers, and return the report so far.

    Raises:
        SyncAlreadyRunning: another sync is running.
    """
    run = Run.open(options)
    status, message = SyncRun.Status.FAILED, UNEXPECTED_ERROR
    try:
        status, message = run.do(partial(_distribute, run))
    except NoWorkers as error:
        message = str(error)
    except (KeyboardInterrupt, SystemExit):
        status, message = SyncRun.Status.CANCELED, str(Stopped())
        raise
    finally:
        if status is not SyncRun.Status.SUCCEEDED:
            with suppress(AnyDatabaseError):
                run.report.course_overviews = course_overviews.count()
            run.close(status, message)
    return run.report


def _distribute(run: Run, client: CatalogClient, writer: Writer) -> None:
    """Read the length of the list, divide the list into partitions, and send each of them to a worker."""
    _check_celery()
    options = run.options
    page_size = run.report.page_size = page_sizes.choose(options, client)
    count = page_sizes.length_of_list(client)
    # Stored for the task that concludes the sync run, and before any task is sent: workers may finish at any time.
    stored: dict[str, Any] = {
        "page_size": page_size,
        "requests": client.requests,
        "retries": client.retries,
        "catalog_count": count,
    }
    # If the caller does not wait, nothing renews the lease until a worker is free.
    writer.transact(lambda: run.lease.renew(_patience(options), **stored))
    _send(plan(run, page_size, count, writer.statistics.newest_id), options)


def _patience(options: SyncOptions) -> float:
    """Return how many seconds may pass without a new page."""
    return PATIENCE_SECONDS + options.request_timeout_seconds + options.retry_deadline_seconds


def _check_celery() -> None:
    try:
        backend = current_app.backend
    except Exception as error:  # its address is misspelled, or its client is not installed
        raise NoWorkers(
            f"The Celery result backend cannot be used ({reason_of(error)}). Correct CELERY_RESULT_BACKEND, or install "
            "its client."
        ) from error
    if not has_broker() or isinstance(backend, DisabledBackend):
        raise NoWorkers(
            "No Celery broker or no result backend is configured, so no worker can read the pages. Set "
            "CELERY_BROKER_URL and CELERY_RESULT_BACKEND, without CELERY_TASK_ALWAYS_EAGER, or sync without "
            "--distribute."
        )
    if isinstance(backend, BaseKeyValueStoreBackend):
        _connect(backend)


def _connect(backend: BaseKeyValueStoreBackend) -> None:
    """Read from the result backend once: to send a task, Celery would try 20 times and log each failure."""
    try:
        backend.get(backend.get_key_for_task("catalog_sync"))
    except Exception as error:  # each client has its own exceptions
        raise NoWorkers(
            f"The result backend {backend.as_uri()} cannot be reached ({reason_of(error)}). Start it, or "
            "sync without --distribute."
        ) from error


def _send(partitions: Sequence[Partition], options: SyncOptions) -> None:
    run_id = partitions[0].run_id
    header = group(signature(READ_TASK, args=[msgspec.to_builtins(partition)]) for partition in partitions)
    give_up = signature(GIVE_UP_TASK, args=[run_id], immutable=True)
    body = signature(CONCLUDE_TASK, kwargs={"run_id": run_id, "allow_removals": options.allow_removals})
    try:
        chord(header)(body.on_error(give_up))
    except Exception as error:  # each broker and backend client has its own exceptions
        raise NoWorkers(
            f"The Celery broker or result backend cannot be reached ({reason_of(error)}). Start it, or sync without "
            "--distribute."
        ) from error


def take_partition(values: dict[str, Any]) -> dict[str, Any]:
    """Read a partition for a task, and return its outcome; both are plain values."""
    partition = msgspec.convert(values, Partition)
    row, run = _rejoin(partition.run_id)
    if row.status == SyncRun.Status.RUNNING:
        outcome = read_partition(run, partition)
        # The next task may wait for a worker, too. If this fails, the next task reports the reason.
        with suppress(LeaseLost, Canceled, AnyDatabaseError):
            run.lease.renew(_patience(run.options))
    else:
        # A late task must not send requests to the Catalog.
        failure = "the sync run had ended before this partition was read"
        outcome = PartitionOutcome(partition, run.report, failures=[failure])
    plain: dict[str, Any] = msgspec.to_builtins(outcome)
    return plain


def join_and_close(outcomes: Sequence[dict[str, Any]], run_id: int, *, allow_removals: bool) -> SyncReport:
    """Combine the outcomes of the workers, remove absent marketing URLs, and close the sync run.

    If the sync run is already closed, this changes nothing and returns the stored report.
    """
    row, run = _rejoin(run_id, allow_removals=allow_removals)
    if row.status != SyncRun.Status.RUNNING:
        return _report_of(row)
    run.report.requests, run.report.retries = row.requests, row.retries
    run.report.catalog_count = row.catalog_count  # used if no partition could be read
    typed = [msgspec.convert(outcome, PartitionOutcome) for outcome in outcomes]
    return run.do_and_close(lambda client, writer: join_partitions(run, client, writer, typed))


def give_up(run_id: int) -> SyncReport | None:
    """Close a sync run after one of its tasks raised an exception; return None if it is already closed."""
    message = "A Celery task of this sync run failed. See the traceback in the worker's log."
    return _close(run_id, SyncRun.Status.FAILED, message)


def wait_for_workers(report: SyncReport, options: SyncOptions) -> SyncReport:
    """Wait until the workers have concluded the sync run, and return its report.

    Meanwhile this renews the lease, because the tasks may wait for a free worker.
    """
    run_id = report.run_id or 0
    lease = Lease(run_id)
    patience = _patience(options)
    pages, changed_at = -1, time.monotonic()
    while True:
        row = SyncRun.objects.get(pk=run_id)
        if row.status != SyncRun.Status.RUNNING:
            return _report_of(row)
        if row.pages != pages:
            pages, changed_at = row.pages, time.monotonic()
            if options.on_progress:
                options.on_progress(row.course_runs_retrieved, row.catalog_count)
        try:
            if options.should_stop and options.should_stop():
                raise Stopped
            lease.renew_if_due()
        except LeaseLost:
            continue  # it has just been closed: read the row again
        except (Canceled, Stopped) as error:
            _close(run_id, SyncRun.Status.CANCELED, str(error))
            continue
        if time.monotonic() - changed_at > patience:
            _close(run_id, SyncRun.Status.FAILED, _no_page(patience, pages))
        time.sleep(POLL_SECONDS)


def _no_page(seconds: float, pages: int) -> str:
    queue = getattr(current_app.amqp.router.route({}, READ_TASK).get("queue"), "name", "")
    message = f"No Celery worker has written a page for {seconds:.0f} s"
    if pages:
        return (
            f"{message}, after {pages:,} of them. Check whether the workers of queue {queue} have died (see their "
            "log), then run the command again."
        )
    return f"{message}. Start a worker for queue {queue}, or sync without --distribute."


def _rejoin(run_id: int, *, allow_removals: bool = False) -> tuple[SyncRun, Run]:
    """Return the row of a sync run that another process started, and an object that continues it."""
    row = SyncRun.objects.get(pk=run_id)
    options = SyncOptions.of(
        conf.catalog_or_unconfigured(row.catalog),
        page_size=row.page_size,
        concurrency=row.concurrency,
        dry_run=row.dry_run,
        allow_removals=allow_removals,
    )
    return row, Run.rejoin(row, options)


def _close(run_id: int, status: SyncRun.Status, message: str) -> SyncReport | None:
    row, run = _rejoin(run_id)
    if row.status != SyncRun.Status.RUNNING:
        return None
    run.report = _report_of(row)
    run.report.course_overviews = course_overviews.count()
    run.close(status, message)
    return run.report


def _report_of(row: SyncRun) -> SyncReport:
    names = {field.name for field in msgspec.structs.fields(SyncReport)} - {"run_id", "catalogs"}
    return SyncReport(run_id=row.pk, **{name: getattr(row, name) for name in names})
