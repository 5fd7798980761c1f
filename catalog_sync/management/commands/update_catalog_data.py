"""``manage.py update_catalog_data``: the scheduled job."""

from __future__ import annotations

import json
import signal
import sys
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_sync import api
from catalog_sync.management.shared import EXIT_FAILED, command_errors, print_report

EXIT_LEASE_HELD = 75  # EX_TEMPFAIL of sysexits.h: try again later


class Command(BaseCommand):
    help = """Update the marketing URLs of all courses from the Catalog.

  manage.py update_catalog_data --page-size 500
  manage.py update_catalog_data --course-key course-v1:edX+DemoX+1T2026
  manage.py update_catalog_data --dry-run --json

Exit status: 0 complete; 1 failed, refused or incomplete; 2 wrong usage; 75 another sync is running."""

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        # Keeps the lines of the examples, so that they can be copied.
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add(
            "--page-size",
            type=_number_or_text,
            metavar="N|auto",
            help="course runs per request (1-10000), or 'auto' to choose automatically (default: the value in Django "
            "admin)",
        )
        add(
            "--concurrency",
            type=int,
            metavar="N",
            help="parallel requests (1-16; default: the value in Django admin)",
        )
        add(
            "--course-key",
            action="append",
            dest="course_keys",
            metavar="KEY",
            help="sync only this course run (can be given more than once)",
        )
        add("--changed", action="store_true", help="sync only courses changed since the last sync")
        add("--dry-run", action="store_true", help="report what would change without saving anything")
        add(
            "--allow-removals",
            action="store_true",
            help="allow removing more than max_removal_percent of the marketing URLs",
        )
        add(
            "--catalog",
            action="append",
            dest="catalogs",
            metavar="NAME",
            help="sync only this Catalog of CATALOG_SYNC_CATALOGS (can be given more than once)",
        )
        add("--distribute", action="store_true", help="let Celery workers read the pages")
        add("--json", action="store_true", help="print the report as one line of JSON on standard output")
        add("--no-progress", action="store_true", help="do not show a progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        from catalog_sync.exceptions import SyncAlreadyRunning

        hidden = options["no_progress"] or options["json"]
        try:
            with command_errors(), _Progress(hidden=hidden) as progress, _stop_signals() as should_stop:
                report = api.update_catalog_data(
                    page_size=options["page_size"],
                    concurrency=options["concurrency"],
                    course_keys=options["course_keys"],
                    changed=options["changed"],
                    dry_run=options["dry_run"],
                    allow_removals=options["allow_removals"],
                    distribute=options["distribute"],
                    catalogs=options["catalogs"],
                    on_progress=progress,
                    should_stop=should_stop,
                )
        except SyncAlreadyRunning as error:
            raise CommandError(str(error), returncode=EXIT_LEASE_HELD) from None
        print_report(
            self, json.dumps(_numbers(report)) if options["json"] else _table([report, *report.catalogs])
        )
        if not report.is_fine:
            raise CommandError(report.message, returncode=EXIT_FAILED)
        if report.message:
            self.stderr.write(report.message)


def _numbers(report: Any) -> dict[str, Any]:
    values: dict[str, Any] = report.as_dict()
    del values["message"]
    return values


def _table(reports: list[Any]) -> str:
    """Return one line per number. With several Catalogs, the sums are the first column, then each Catalog has one."""
    columns = [_numbers(report) for report in reports]
    names = [name for name in columns[0] if name != "catalogs"]
    widths = [max(len(str(column[name])) for name in names) for column in columns]
    lines = [
        f"{name:22} " + "  ".join(f"{column[name]!s:{w}}" for column, w in zip(columns, widths, strict=True))
        for name in names
    ]
    return "\n".join(line.rstrip() for line in lines)


def _number_or_text(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text  # "auto"; the API refuses any other.


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether SIGTERM or Ctrl-C was received; a second Ctrl-C ends the process."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        stopped.set()
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Progress:
    """A progress bar, on a terminal only."""

    def __init__(self, *, hidden: bool) -> None:
        from tqdm import tqdm

        self._bar = tqdm(unit=" course runs", disable=hidden or not (sys.stderr and sys.stderr.isatty()))

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bar.close()

    def __call__(self, retrieved: int, total: int) -> None:
        self._bar.total = total
        self._bar.update(retrieved - self._bar.n)
