"""``manage.py catalog_sync_status``: is the sync healthy, as ``/catalog_sync/health/`` tells."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_sync import api
from catalog_sync.management.faults import database_faults_told
from catalog_sync.operations import health


class Command(BaseCommand):
    """Reads, prints, exits."""

    help = (
        "Print when the sync last succeeded, what it left, how many course overviews show a marketing URL, and how "
        "the LMS reaches the Catalog. Exit status: 0 healthy; 1 stale: no full sync has succeeded within "
        "CATALOG_SYNC_STALE_AFTER_HOURS; or the LMS's database does not answer; or --connect got no answer from the "
        "Catalog."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="print one JSON line on stdout")
        parser.add_argument(
            "--connect",
            action="store_true",
            help="test the connection: request one course run of each Catalog",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the health and the access to the Catalog; fail if the sync is stale or the connection fails."""
        with database_faults_told():
            seen = health.look()
            access: list[dict[str, Any]] = [each.facts() for each in api.catalog_access()]
            connections = [_connection(each["catalog"]) for each in access] if options["connect"] else []
        if options["json"]:
            for facts, connection in zip(access, connections, strict=False):
                facts["connection"] = connection
            self.stdout.write(json.dumps(seen | {"catalog_access": access}))
        else:
            self._print(seen, access, connections)
        message = health.remedy(seen)
        is_stale = seen["status"] != health.OK
        faults = [each["fault"] for each in connections if "fault" in each]
        if is_stale or faults:
            raise CommandError("\n".join([*faults, message] if message else faults), returncode=1)
        if message:
            self.stderr.write(message)

    def _print(
        self, seen: dict[str, Any], access: list[dict[str, Any]], connections: list[dict[str, Any]]
    ) -> None:
        by_name = {each["catalog"]: {k: v for k, v in each.items() if k != "catalog"} for each in access}
        for name, value in _flat(seen | {"catalog_access": by_name}):
            self.stdout.write(f"{name:36} {value}")
        for each, connection in zip(access, connections, strict=False):
            if "fault" not in connection:
                whom = f" {each['catalog']}" if len(access) > 1 else ""
                self.stdout.write(
                    f"The Catalog{whom} answered in {connection['seconds']:.2f} s: "
                    f"{connection['course_runs']:,} course runs."
                )


def _connection(catalog: str) -> dict[str, Any]:
    """Return the answer of a Catalog or, as ``fault``, why there is none."""
    from catalog_sync.exceptions import RequestFailed

    try:
        answer = api.check_connection(catalog)
    except RequestFailed as error:
        return {"fault": str(error)}
    return {"seconds": round(answer.seconds, 3), "course_runs": answer.course_runs}


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", "-" if value in (None, "") else value
