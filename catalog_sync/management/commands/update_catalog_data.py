"""``manage.py update_catalog_data``: the job that Jenkins runs every few hours."""

from __future__ import annotations

import json
import signal
import sys
import threading
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_sync import api
from catalog_sync.management.faults import database_faults_told, print_report

EXIT_FAILED = 1
EXIT_WRONG_USAGE = 2
EXIT_LEASE_HELD = 75  # EX_TEMPFAIL of sysexits.h: try again later


class Command(BaseCommand):
    """Parses, calls ``catalog_sync.api.update_catalog_data``, prints, exits."""

    help = """Bring the marketing URLs of all courses up to what the Catalog says.

  manage.py update_catalog_data --page-size 500
  manage.py update_catalog_data --course-key course-v1:edX+DemoX+1T2026
  manage.py update_catalog_data --dry-run --json

Exit status: 0 complete; 1 failed, refused or incomplete; 2 wrong usage; 75 another sync is running."""

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the lines of the help as they are: the examples are to be copied."""
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options; what is not given comes from Django admin."""
        parser.add_argument(
            "--page-size",
            type=_page_size,
            metavar="N|auto",
            help="course runs a request, 1 to 10,000; auto finds the best",
        )
        parser.add_argument("--concurrency", type=int, metavar="N", help="requests at once, 1 to 16")
        parser.add_argument(
            "--course-key",
            action="append",
            dest="course_keys",
            metavar="KEY",
            help="just this one; repeatable",
        )
        parser.add_argument(
            "--changed",
            action="store_true",
            help="only what the Catalog says changed lately; not a full sync",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would be written, and write nothing"
        )
        parser.add_argument(
            "--allow-removals", action="store_true", help="remove marketing URLs whatever share of them it is"
        )
        parser.add_argument(
            "--catalog",
            action="append",
            dest="catalogs",
            metavar="NAME",
            help="only this one of CATALOG_SYNC_CATALOGS; repeatable",
        )
        parser.add_argument("--distribute", action="store_true", help="let Celery workers read the pages")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON line on stdout")
        parser.add_argument(
            "--no-progress", action="store_true", help="no progress bar, not even on a terminal"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one sync."""
        from catalog_sync.exceptions import SyncAlreadyRunning

        hidden = options["no_progress"] or options["json"]
        try:
            with (
                database_faults_told(),
                _Progress(hidden=hidden) as progress,
                _termination() as should_stop,
            ):
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
        except api.UsageError as error:
            raise CommandError(str(error), returncode=EXIT_WRONG_USAGE) from None
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
    """Return a line a number; of several Catalogs the sum first, then a column each."""
    columns = [_numbers(report) for report in reports]
    names = [name for name in columns[0] if name != "catalogs"]
    widths = [max(len(str(column[name])) for name in names) for column in columns]
    lines = [
        f"{name:22} " + "  ".join(f"{column[name]!s:{w}}" for column, w in zip(columns, widths, strict=True))
        for name in names
    ]
    return "\n".join(line.rstrip() for line in lines)


def _page_size(text: str) -> int | str:
    if text == api.AUTO:
        return text
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"a number or {api.AUTO}, not {text!r}") from None


@contextmanager
def _termination() -> Iterator[Callable[[], bool]]:
    """Yield whether SIGTERM or Ctrl-C has come; the run then ends cleanly after its page."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        stopped.set()
        if number == signal.SIGINT:  # who presses it again means at once
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
