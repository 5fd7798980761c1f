"""``manage.py tune_page_size``: which page size suits this Catalog."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_sync import api, quota
from catalog_sync.management.faults import database_faults_told

BAR_WIDTH = 40
EXIT_WRONG_USAGE = 2


class Command(BaseCommand):
    """Parses, calls ``catalog_sync.api.measure_page_sizes``, prints a table and a plot."""

    help = (
        "Measure page sizes and concurrencies against the configured Catalog, and recommend one. The requests count "
        "against the Catalog's quota (200 an hour for an ordinary user)."
    )

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
            self._tune(options)

    def _tune(self, options: dict[str, Any]) -> None:
        from catalog_sync.catalog_client import RequestFailed
        from catalog_sync.sync.page_size import OutOfRequests, best

        target = options["target_seconds"]
        measurements: list[Any] = []
        shortage = ""
        try:
            for row in api.measure_page_sizes(
                most_requests=options["requests"], target_seconds=target, catalog=options["catalog"]
            ):
                if not measurements:
                    self.stdout.write("page size  at once  s a page  requests  s a full sync")
                measurements.append(row)
                self.stdout.write(
                    f"{row.page_size:9,}  {row.concurrency:7}  {row.seconds:8.2f}  {row.requests:8,}  "
                    f"{row.total_seconds:13.1f}"
                )
        except OutOfRequests as error:
            shortage = str(error)
        except RequestFailed as error:
            raise CommandError(str(error)) from None
        except api.WrongUsage as error:
            raise CommandError(str(error), returncode=EXIT_WRONG_USAGE) from None
        if not measurements:
            raise CommandError(shortage or "Nothing was measured: raise request_timeout_seconds.")
        self._plot(measurements)
        recommended = best(measurements, target)
        self.stdout.write(
            f"Recommended: page size {recommended.page_size}, concurrency {recommended.concurrency}: about "
            f"{recommended.total_seconds:.0f} s and {recommended.requests} requests a full sync."
        )
        if recommended.requests > quota.REQUESTS_AN_HOUR:
            self.stdout.write(
                f"That is more than an ordinary user's {quota.REQUESTS_AN_HOUR} requests an hour: the sync needs a "
                "staff user."
            )
        if shortage:
            self.stderr.write(shortage)
        if options["save"] and shortage:
            raise CommandError("Nothing was saved, since a page size that was not measured may be the best.")
        if options["save"]:
            api.save_page_size(recommended, options["catalog"])
            self.stdout.write("Saved in the Catalog sync configuration.")

    def _plot(self, measurements: list[Any]) -> None:
        longest = max(row.total_seconds for row in measurements)
        self.stdout.write("\nSeconds a full sync:")
        for row in measurements:
            bar = "#" * max(1, round(row.total_seconds / longest * BAR_WIDTH))
            self.stdout.write(f"{row.page_size:6,} x {row.concurrency}  {bar} {row.total_seconds:.1f}")
        self.stdout.write("")
