"""``manage.py catalog_sync_status``: is the sync healthy, as ``/catalog_sync/health/`` tells."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_sync import health
from catalog_sync.management.faults import database_faults_told


class Command(BaseCommand):
    """Looks, prints, exits."""

    help = (
        "Print when the sync last succeeded, what it left, and how many course overviews show a marketing URL. "
        "Exit status: 0 healthy; 1 stale: no full sync has succeeded within CATALOG_SYNC_STALE_AFTER_HOURS; "
        "or the LMS's database does not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="print one JSON line on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the health, and fail where the sync is stale."""
        with database_faults_told():
            seen = health.look()
        lines = (
            [json.dumps(seen)] if options["json"] else [f"{name:36} {value}" for name, value in _flat(seen)]
        )
        self.stdout.write("\n".join(lines))
        message = health.remedy(seen)
        if seen["status"] != health.OK:
            raise CommandError(message, returncode=1)
        if message:
            self.stderr.write(message)


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", "-" if value is None else value
