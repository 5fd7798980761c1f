"""``manage.py tune_page_size``: which page size suits this Catalog."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from catalog_sync import api, quota
from catalog_sync.management.faults import database_faults_told

if TYPE_CHECKING:
    from catalog_sync.sync.tuning import Measurement, Recommendation

BAR_WIDTH = 40
EXIT_WRONG_USAGE = 2


class Command(BaseCommand):
    """Parses, calls ``catalog_sync.api.recommend_page_size``, prints a table and a plot."""

    help = (
        "Measure page sizes and concurrencies against the configured Catalog, and recommend one. The requests count "
        "against the Catalog's quota (200 an hour for an ordinary user)."
    )
    _has_heading = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--requests", type=int, default=64, metavar="N", help="send at most so many")
        parser.add_argument(
            "--target-seconds", type=float, default=2.0, metavar="S", help="how long a page may take"
        )
        parser.add_argument(
            "--catalog", metavar="NAME", help="which one of CATALOG_SYNC_CATALOGS; by default the first"
        )
        parser.add_argument(
            "--save", action="store_true", help="put the recommendation into the configuration"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure, print, and save if asked to."""
        with database_faults_told():
            found = self._recommendation(options)
            self._present(found)
            if options["save"]:
                self._save(found, options["catalog"])

    def _recommendation(self, options: dict[str, Any]) -> Recommendation:
        from catalog_sync.exceptions import NothingMeasured, RequestFailed

        try:
            return api.recommend_page_size(
                most_requests=options["requests"],
                target_seconds=options["target_seconds"],
                catalog=options["catalog"],
                on_measured=self._print_row,
            )
        except (RequestFailed, NothingMeasured) as error:
            raise CommandError(str(error)) from None
        except api.UsageError as error:
            raise CommandError(str(error), returncode=EXIT_WRONG_USAGE) from None

    def _print_row(self, row: Measurement) -> None:
        if not self._has_heading:
            self.stdout.write("page size  at once  s a page  requests  s a full sync")
            self._has_heading = True
        self.stdout.write(
            f"{row.page_size:9,}  {row.concurrency:7}  {row.seconds:8.2f}  {row.requests:8,}  "
            f"{row.total_seconds:13.1f}"
        )

    def _present(self, found: Recommendation) -> None:
        self._plot(found.measurements)
        self.stdout.write(
            f"Recommended: page size {found.best.page_size}, concurrency {found.best.concurrency}: about "
            f"{found.best.total_seconds:.0f} s and {found.best.requests} requests a full sync."
        )
        if found.is_past_quota:
            self.stdout.write(
                f"That is more than an ordinary user's {quota.REQUESTS_PER_HOUR} requests an hour: the sync needs a "
                "staff user."
            )
        if found.shortage:
            self.stderr.write(found.shortage)

    def _save(self, found: Recommendation, catalog: str | None) -> None:
        if not found.may_be_saved:
            raise CommandError("Nothing was saved, since a page size that was not measured may be the best.")
        api.save_page_size(found.best, catalog)
        self.stdout.write("Saved in the Catalog sync configuration.")

    def _plot(self, measurements: Sequence[Measurement]) -> None:
        longest = max(row.total_seconds for row in measurements)
        self.stdout.write("\nSeconds a full sync:")
        for row in measurements:
            bar = "#" * max(1, round(row.total_seconds / longest * BAR_WIDTH))
            self.stdout.write(f"{row.page_size:6,} x {row.concurrency}  {bar} {row.total_seconds:.1f}")
        self.stdout.write("")
