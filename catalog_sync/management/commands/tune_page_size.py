"""``manage.py tune_page_size``: measures which page size is the fastest."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, no_translations

from catalog_sync import api, quota
from catalog_sync.management.console import MessageFirstCommand
from catalog_sync.management.shared import command_errors

if TYPE_CHECKING:
    from catalog_sync.sync.tuning import Measurement, Recommendation

BAR_WIDTH = 40
HEADING = "page size | concurrency |   s/page | requests"


class Command(MessageFirstCommand):
    help = (
        "Measure page sizes and concurrencies with the configured Catalog, and recommend one of each. The requests "
        "are part of the Catalog's hourly quota (200 requests for an ordinary user). Page sizes whose full sync "
        "exceeds this quota are not measured. Exit status: 0 a page size was recommended; 1 nothing was measured, or "
        "not saved; 2 wrong usage."
    )
    _has_heading = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--requests",
            type=int,
            default=100,
            metavar="N",
            help="maximum number of requests to send (default: 100)",
        )
        parser.add_argument(
            "--target-seconds",
            type=float,
            default=15.0,
            metavar="S",
            help="longest acceptable time for one page, in seconds (default: 15, half of the default request timeout)",
        )
        parser.add_argument(
            "--catalog",
            metavar="NAME",
            help="measure this Catalog of CATALOG_SYNC_CATALOGS (default: the first)",
        )
        parser.add_argument(
            "--save", action="store_true", help="save the recommendation in the Catalog sync configuration"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors():
            found = self._recommendation(options)
            self._present(found)
            if options["save"]:
                self._save(found, options["catalog"])
            elif found.may_be_saved and not found.kept:
                self.stdout.write("To save a recommendation, run the command with --save. It measures again.")

    def _recommendation(self, options: dict[str, Any]) -> Recommendation:
        from catalog_sync.exceptions import NothingMeasured, RequestFailed

        try:
            return api.recommend_page_size(
                max_requests=options["requests"],
                target_seconds=options["target_seconds"],
                catalog=options["catalog"],
                on_measured=self._print_row,
            )
        except (RequestFailed, NothingMeasured) as error:
            raise CommandError(str(error)) from None

    def _print_row(self, row: Measurement) -> None:
        if not self._has_heading:
            self.stdout.write(HEADING)
            self._has_heading = True
        self.stdout.write(
            f"{row.page_size:9,} | {row.concurrency:11} | {_seconds(row.seconds):>8} | {row.requests:8,}"
        )

    def _present(self, found: Recommendation) -> None:
        self._plot(found.totals)
        if found.kept:
            page_size = f"{found.kept.page_size:,}" if found.kept.page_size else "auto"
            text = (
                f"No measurable difference: keep the configured page size {page_size}, concurrency "
                f"{found.kept.concurrency}. Another choice saves less than a second, or less than a fifth of the time."
            )
        else:
            text = (
                f"Recommended: page size {found.best.page_size:,}, concurrency {found.best.concurrency}. A full sync "
                f"takes about {_seconds(found.totals[found.best])} s, and {found.best.requests} of the "
                f"{quota.REQUESTS_PER_HOUR} requests that an ordinary user has per hour."
            )
        self.stdout.write(text)
        if found.shortage:
            self.stderr.write(found.shortage)

    def _save(self, found: Recommendation, catalog: str | None) -> None:
        if not found.may_be_saved:
            raise CommandError(
                "Nothing was saved, because not all page sizes were measured. Run the command again with a higher "
                "--requests."
            )
        if found.kept:
            self.stdout.write("Nothing was saved, because the configuration stays the same.")
            return
        api.save_page_size(found.best, catalog)
        self.stdout.write("Saved in the Catalog sync configuration.")

    def _plot(self, totals: dict[Measurement, float]) -> None:
        longest = max(totals.values())
        self.stdout.write("\nSeconds per full sync, estimated from all measurements together:")
        for row, seconds in totals.items():
            bar = "#" * max(1, round(seconds / longest * BAR_WIDTH))
            self.stdout.write(f"{row.page_size:6,} x {row.concurrency}  {bar} {_seconds(seconds)}")
        self.stdout.write("")


def _seconds(seconds: float) -> str:
    """Return seconds as text, with at least two significant digits."""
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.2g}"
