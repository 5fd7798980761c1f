"""``manage.py update_catalog_data``: the scheduled job."""

from __future__ import annotations

import signal
import sys
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, no_translations

from catalog_sync import api
from catalog_sync.management import report_text
from catalog_sync.management.console import NORMAL, QUIET, MessageFirstCommand, progress_bar
from catalog_sync.management.shared import EXIT_FAILED, command_errors, print_report

if TYPE_CHECKING:
    from catalog_sync.sync import SyncReport

EXIT_LEASE_HELD = 75  # EX_TEMPFAIL of sysexits.h: try again later
EXIT_INTERRUPTED = 130  # as after Ctrl-C in a shell

INTERRUPTED = "Interrupted by Ctrl-C. The changes so far are kept; run the command again to apply the rest."


class Command(MessageFirstCommand):
    help = """Update the marketing URLs of all courses from the Catalog.

  manage.py lms update_catalog_data --page-size 500
  manage.py lms update_catalog_data --course-key course-v1:edX+DemoX+1T2026
  manage.py lms update_catalog_data --dry-run --diff

Exit status: 0 complete; 1 failed, refused, canceled or incomplete; 2 wrong usage; 75 another sync is running;
130 interrupted by Ctrl-C. With -v 0, nothing is printed unless the exit status is not 0 (--diff and --json still
print). With -v 2, log lines are printed as they are written; otherwise they follow the result."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except KeyboardInterrupt:  # by a second Ctrl-C, or before the sync started
            if not self.console:
                raise
            self.stderr.write(INTERRUPTED)
            sys.exit(EXIT_INTERRUPTED)

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        # Keeps the lines of the examples, so that they can be copied.
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        _add_options_of_the_scope(parser.add_argument)
        _add_options_of_the_requests(parser.add_argument)
        _add_options_of_the_output(parser.add_argument)

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        from catalog_sync.exceptions import SyncAlreadyRunning

        hidden = options["no_progress"] or options["json"] or options["verbosity"] == QUIET
        with _StopSignals() as signals:
            try:
                with command_errors(), progress_bar(hidden=hidden) as on_progress:
                    report = api.update_catalog_data(
                        page_size=options["page_size"],
                        concurrency=options["concurrency"],
                        course_keys=options["course_keys"],
                        changed=options["changed"],
                        dry_run=options["dry_run"],
                        allow_removals=options["allow_removals"],
                        bypass_cache=options["bypass_cache"],
                        distribute=options["distribute"],
                        catalogs=options["catalogs"],
                        on_progress=on_progress,
                        should_stop=signals.were_received,
                    )
            except SyncAlreadyRunning as error:
                if error.report:
                    self._print(error.report, options, after_failure=True)
                status = EXIT_INTERRUPTED if signals.interrupted else EXIT_LEASE_HELD
                raise CommandError(str(error), returncode=status) from None
        message = _failure(report, options)
        if report.message and not message and options["verbosity"] >= NORMAL:
            self.stderr.write(report.message)
        self._print(report, options, after_failure=bool(message))
        if message:
            raise CommandError(message, returncode=EXIT_INTERRUPTED if signals.interrupted else EXIT_FAILED)

    def _print(self, report: SyncReport, options: dict[str, Any], *, after_failure: bool) -> None:
        """Print the report to standard output: after a failure, when its message has been printed."""
        parts = []
        if options["json"]:
            parts = [report_text.as_json(report)]
        else:
            if options["diff"]:
                parts.append(report_text.changes_as_text(report))
            if options["verbosity"] >= NORMAL:
                parts.append(report_text.as_text(report))
        if not parts:
            return
        output = partial(print_report, self, "\n\n".join(parts))
        if after_failure and self.console:
            self.console.print_after_failure(output)
        else:
            output()


def _failure(report: SyncReport, options: dict[str, Any]) -> str:
    """Return why the exit status is not 0; empty if it is."""
    if not report.is_fine:
        return report.message or f"The sync run is {report.status}."
    if options["course_keys"] and _found_nothing(report):
        unused = f"No Catalog's ORGS contains the organization of {', '.join(options['course_keys'])}."
        return f"{report.message or unused} Check the course key."
    if options["strict"] and report.course_runs_rejected:
        return f"{report.message} The exit status is 1 because of --strict."
    return ""


def _found_nothing(report: SyncReport) -> bool:
    """Return whether neither the Catalogs nor the LMS have a course run of this sync run."""
    found = report.course_overviews or report.course_runs_retrieved or report.course_runs_rejected
    return report.status == "succeeded" and not found


def _add_options_of_the_scope(add: Any) -> None:
    add(
        "--catalog",
        action="append",
        dest="catalogs",
        metavar="NAME",
        help="sync only this Catalog of CATALOG_SYNC_CATALOGS (can be given more than once; default: all)",
    )
    add(
        "--course-key",
        action="append",
        dest="course_keys",
        metavar="KEY",
        help="sync only this course run and its CCX courses (can be given more than once)",
    )
    add(
        "--changed",
        action="store_true",
        help="sync only the courses that the Catalog reports as changed since the last sync. It does not report every "
        "change, so schedule a full sync, too (see 'Get changes within a minute' in the documentation)",
    )
    add("--dry-run", action="store_true", help="report what would change, and change no course")
    add(
        "--allow-removals",
        action="store_true",
        help="allow removing more than max_removal_percent of the marketing URLs",
    )


def _add_options_of_the_requests(add: Any) -> None:
    add(
        "--page-size",
        type=_number_or_text,
        metavar="N|auto",
        help="course runs per request (1-10000; 1 is treated as 2), or 'auto' to choose automatically (default: the "
        "value in Django admin)",
    )
    add(
        "--concurrency",
        type=int,
        metavar="N",
        help="parallel requests (1-16; default: the value in Django admin)",
    )
    add(
        "--bypass-cache",
        action="store_true",
        help="bypass the Catalog's reply cache, which may return an old URL. The sync takes longer",
    )
    add("--distribute", action="store_true", help="let Celery workers read the pages")


def _add_options_of_the_output(add: Any) -> None:
    add("--strict", action="store_true", help="exit with 1 if a course run of the Catalog was rejected")
    add(
        "--diff",
        action="store_true",
        help="list the courses that were (in a dry run: would be) changed, removed or rejected, at most 1,000 of each "
        "kind",
    )
    add(
        "--json",
        action="store_true",
        help="print the report and the list of changes as one line of JSON on standard output",
    )
    add("--no-progress", action="store_true", help="do not show a progress bar")


def _number_or_text(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text  # "auto"; the API refuses any other.


class _StopSignals:
    """Notes SIGTERM and Ctrl-C, so that the sync run can end in order. A second Ctrl-C raises KeyboardInterrupt.

    Attributes:
        interrupted: whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._received = threading.Event()
        self._before: dict[int, Any] = {}

    def were_received(self) -> bool:
        return self._received.is_set()

    def __enter__(self) -> _StopSignals:
        if threading.current_thread() is threading.main_thread():
            self._before = {each: signal.signal(each, self._note) for each in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *exc_info: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: object) -> None:
        self._received.set()
        if number == signal.SIGINT:
            self.interrupted = True
            signal.signal(number, signal.default_int_handler)
