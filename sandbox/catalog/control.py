"""``/control/``: tests and demos set the data, add faults and read the request log here, without a token."""

from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.catalog.faults import Rule
from sandbox.catalog.replies import Reply, error_reply, json_reply
from sandbox.catalog.request_log import Request
from sandbox.catalog.rows import Row
from sandbox.catalog.service import Catalog

PREFIX = "/control/"


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    upsert: list[Row] = []
    delete: list[str] = []
    via_publisher: bool = True


class Partner(msgspec.Struct, forbid_unknown_fields=True):
    marketing_site_url_root: str


class Generate(msgspec.Struct, forbid_unknown_fields=True):
    count: int
    seed: int = 1


class Control:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._actions: dict[tuple[str, str], Callable[[bytes], Any]] = {
            ("GET", "requests"): lambda body: [entry.as_dict() for entry in catalog.log.entries()],
            ("DELETE", "requests"): lambda body: catalog.log.clear(),
            ("GET", "runs"): lambda body: self._runs(),
            ("PUT", "runs"): lambda body: catalog.store.replace(_rows(body)),
            ("PATCH", "runs"): self._edit,
            ("POST", "runs/generate"): self._generate,
            ("POST", "runs/queryset-update"): lambda body: catalog.store.queryset_update(_rows(body)),
            ("POST", "transaction/save"): lambda body: catalog.store.save_without_commit(_rows(body)),
            ("POST", "transaction/commit"): lambda body: catalog.store.commit(),
            ("PATCH", "partner"): self._change_partner,
            ("GET", "settings"): lambda body: catalog.settings,
            ("PUT", "settings"): self._change_settings,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): lambda body: catalog.faults.clear(),
            ("POST", "reset"): lambda body: catalog.reset(),
        }

    def answer(self, request: Request) -> Reply:
        action = self._actions.get((request.method, request.path.removeprefix(PREFIX).rstrip("/")))
        if action is None:
            return error_reply(404, f"No control {request.method} {request.path}.")
        try:
            return json_reply(200, action(request.body))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return error_reply(400, str(error))

    def _runs(self) -> list[Row]:
        snapshot = self._catalog.store.snapshot
        names = ("key", "marketing_url", "status")
        return [{name: row[name] for name in names} for row in snapshot.rows()]

    def _edit(self, body: bytes) -> None:
        edit = msgspec.json.decode(body, type=Edit)
        self._catalog.store.save(_keyed(edit.upsert), edit.delete, edit.via_publisher)

    def _change_partner(self, body: bytes) -> None:
        partner = msgspec.json.decode(body, type=Partner)
        self._catalog.store.change_marketing_root(partner.marketing_site_url_root)

    def _generate(self, body: bytes) -> None:
        options = msgspec.json.decode(body, type=Generate)
        self._catalog.store.generate(options.count, options.seed)

    def _change_settings(self, body: bytes) -> Any:
        changes = msgspec.json.decode(body, type=dict[str, Any])
        self._catalog.set_settings(self._catalog.settings.changed(changes))
        return self._catalog.settings

    def _add_faults(self, body: bytes) -> None:
        rules = msgspec.json.decode(body, type=list[Rule] | Rule)
        self._catalog.faults.add(rules if isinstance(rules, list) else [rules])


def _rows(body: bytes) -> list[Row]:
    return _keyed(msgspec.json.decode(body, type=list[Row]))


def _keyed(rows: list[Row]) -> list[Row]:
    if not all("key" in row for row in rows):
        raise msgspec.ValidationError("Every row needs a `key`")
    return rows
