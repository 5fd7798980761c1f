"""``manage.py catalog_sync_status``: prints the health of the sync, the same as ``/catalog_sync/health/``."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, no_translations

from catalog_sync import api
from catalog_sync.management.console import MessageFirstCommand
from catalog_sync.management.shared import EXIT_FAILED, command_errors
from catalog_sync.operations import health


class Command(MessageFirstCommand):
    help = (
        "Show whether the sync is healthy: its last success, the result of the last full sync, how many courses have a "
        "marketing URL, and how the LMS accesses the Catalog. Exit status: 0 healthy or disabled; 1 stale (no full "
        "sync has succeeded within CATALOG_SYNC_STALE_AFTER_HOURS), or a database error, or --connect failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one line of JSON on standard output")
        parser.add_argument(
            "--connect",
            action="store_true",
            help="test the connection: request one course run from each Catalog",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors():
            catalogs = health.of_each_catalog()
            current, worst = health.as_dict(catalogs), health.worst_of(catalogs)
            access: list[dict[str, Any]] = [each.facts() for each in api.catalog_access()]
            connections = [_connection(each["catalog"]) for each in access] if options["connect"] else []
        if options["json"]:
            for facts, connection in zip(access, connections, strict=False):
                facts["connection"] = connection
            self.stdout.write(json.dumps(current | {"catalog_access": access}))
        else:
            self._print(current, access, connections)
            if worst.status != health.STALE:
                self._print_messages(catalogs)
        faults = [each["fault"] for each in connections if "fault" in each]
        if worst.status == health.STALE or faults:
            cause = _message(worst) if worst.status == health.STALE else ""
            lines = filter(None, [*faults, worst.fault, cause])
            raise CommandError("\n".join(lines), returncode=EXIT_FAILED)
        if worst.fault:
            self.stderr.write(worst.fault)

    def _print(
        self, current: dict[str, Any], access: list[dict[str, Any]], connections: list[dict[str, Any]]
    ) -> None:
        by_name = {each["catalog"]: {k: v for k, v in each.items() if k != "catalog"} for each in access}
        lines = list(_flat(current | {"catalog_access": by_name}))
        width = max(len(name) for name, _ in lines)
        for name, value in lines:
            self.stdout.write(f"{name:{width}} {value}")
        for run in health.dead_runs():
            self.stdout.write(
                f"Sync run {run.pk} is dead: it has had no heartbeat since {run.heartbeat.isoformat()}. Start a sync, "
                "or wait for the next one: it closes this sync run and applies the rest."
            )
        for each, connection in zip(access, connections, strict=False):
            if "fault" not in connection:
                of_which = f" {each['catalog']}" if len(access) > 1 else ""
                self.stdout.write(
                    f"The Catalog{of_which} replied in {connection['seconds']:.2f} s: "
                    f"{connection['course_runs']:,} course runs."
                )

    def _print_messages(self, catalogs: list[health.CatalogHealth]) -> None:
        """Print why the last full syncs did not succeed, so that nobody needs Django admin for it."""
        for line in filter(None, map(_message, catalogs)):
            self.stdout.write(line)


def _message(catalog: health.CatalogHealth) -> str:
    """Return the message of a Catalog's last full sync if that did not succeed; empty if it has none."""
    last = catalog.last_full
    if last is None or last.status == last.Status.SUCCEEDED or not last.message:
        return ""
    return f"Message of sync run {last.pk}: {last.message}"


def _connection(catalog: str) -> dict[str, Any]:
    """Return the Catalog's reply or, as ``fault``, why the request failed."""
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
            text = " ".join(value) if isinstance(value, list) else value
            yield f"{prefix}{name}", "-" if text in (None, "") else text
