"""The health of the sync: its last success, its last full sync, and how many courses have a marketing URL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store import changes, course_overviews, course_runs, lease
from catalog_sync.store.sync_runs import full, succeeded

OK, STALE, DISABLED = "ok", "stale", "disabled"


class Notice(NamedTuple):
    """What does not make the sync of a Catalog stale, but needs attention.

    Attributes:
        fact: what it is; one sentence.
        place: where the details are, for those who do not read it in Django admin.
        run_id: the sync run that has the details.
    """

    fact: str
    place: str
    run_id: int

    def __str__(self) -> str:
        return f"{self.fact} {self.place}"


def read() -> dict[str, Any]:
    """Return the health of the sync as plain values without secrets; a few queries per Catalog, no request.

    The warnings are in English. ``status`` is ``stale`` if no full sync has succeeded within
    ``CATALOG_SYNC_STALE_AFTER_HOURS``, and ``disabled`` if an operator has disabled the sync. Dry runs and syncs of
    single courses are ignored. With several Catalogs, the values are those of the enabled Catalog whose last success is
    the oldest, and ``catalogs`` contains those of each Catalog.
    """
    by_catalog = {catalog.name: of_catalog(catalog.name) for catalog in conf.catalogs()}
    with translation.override(None):  # Programs read the values.
        found = [str(each) for name in by_catalog for each in warnings(name, by_catalog[name])]
    worst = max(by_catalog, key=lambda name: _badness(by_catalog[name]))
    count, with_url = course_overviews.count_with_url()
    values = {
        "stale_after_hours": conf.stale_after_hours(),
        **by_catalog[worst],
        "course_overviews": count,
        "course_overviews_with_marketing_url": with_url,
        "marketing_url_percent": round(100 * with_url / count, 1) if count else None,
        "pinned": len(course_runs.pinned()),
        "warnings": found,
    }
    return values | {"catalog": worst, "catalogs": by_catalog} if len(by_catalog) > 1 else values


def of_catalog(catalog: str) -> dict[str, Any]:
    """Return the health of one Catalog's sync as plain values; a few queries."""
    success = succeeded(catalog).defer("log_lines").first()
    is_enabled = CatalogSyncConfig.current(catalog).enabled
    status = STALE if _is_stale(success) else OK
    return {
        "status": status if is_enabled else DISABLED,
        "enabled": is_enabled,
        "last_success": _success(success),
        "last_full_run": _full_run(
            full(catalog).defer("log_lines").exclude(status=SyncRun.Status.RUNNING).first()
        ),
        "running": _running(lease.alive().defer("log_lines").filter(lease=catalog).first()),
    }


def _badness(health: dict[str, Any]) -> tuple[int, float]:
    return (DISABLED, OK, STALE).index(health["status"]), _age(health)


def warnings(catalog: str, health: dict[str, Any]) -> list[Notice]:
    """Return what does not make the sync of a Catalog stale, but needs attention; at most two queries."""
    last = health["last_full_run"]
    if not last:
        return []
    sync = _for_one_or_several(
        _("The last full sync"),
        _("The last full sync of the Catalog %(catalog)s"),
        catalog if conf.has_several_catalogs() else "",
    )
    values = {"sync": sync, "id": last["run_id"], "status": SyncRun.Status(last["status"]).label}
    found = []
    if last["status"] != SyncRun.Status.SUCCEEDED:
        fact = (
            _("%(sync)s, sync run %(id)s, failed.")
            if last["status"] == SyncRun.Status.FAILED
            else _("%(sync)s, sync run %(id)s, was %(status)s.")
        )
        place = _("Its page in Django admin has the reason and the remedy.")
        found.append(Notice(fact % values, place, last["run_id"]))
    rejections = changes.current_rejections(catalog)
    if rejections and rejections.number:
        values |= {"id": rejections.run_id, "count": f"{rejections.number:,}"}
        fact = (
            _("%(sync)s rejected course runs (%(count)s).")
            if rejections.run_id == last["run_id"]
            else _("Sync run %(id)s rejected course runs (%(count)s).")
        )
        place = _("Sync run %(id)s in Django admin lists them with the reasons. Correct them in the Catalog.")
        found.append(Notice(fact % values, place % values, rejections.run_id))
    return found


def dead_runs() -> list[SyncRun]:
    """Return the sync runs whose process has stopped before their end; the next sync closes them; one query."""
    return list(lease.running().exclude(pk__in=lease.alive().values("pk")).defer("log_lines"))


def _for_one_or_several(alone: str, one_of_several: str, catalog: str) -> str:
    return one_of_several % {"catalog": catalog} if catalog else alone


def _age(health: dict[str, Any]) -> float:
    last = health["last_success"]
    return float("inf") if last is None else last["age_seconds"]


def remedy(health: dict[str, Any]) -> str:
    """Return what is wrong and what to do about it, in the active language; empty if nothing is wrong."""
    if health["status"] == OK:
        return ""
    catalog = health["catalog"] if "catalogs" in health else ""
    if health["status"] == DISABLED:
        return _for_one_or_several(
            _("The sync is disabled. Enable it in Django admin (Catalog sync configuration)."),
            _(
                "The sync of the Catalog %(catalog)s is disabled. Enable it in Django admin (Catalog sync "
                "configuration)."
            ),
            catalog,
        )
    success = health["last_success"]
    if success and datetime.fromisoformat(success["finished"]) > timezone.now():
        sync = _for_one_or_several(
            _("The last successful full sync"),
            _("The last successful full sync of the Catalog %(catalog)s"),
            catalog,
        )
        return _(
            "%(sync)s, sync run %(id)s, ended in the future (%(end)s). Correct the clocks of the LMS and of its "
            "database, then run manage.py lms update_catalog_data."
        ) % {"sync": sync, "id": success["run_id"], "end": success["finished"]}
    return _stale(catalog, health["last_full_run"], f"{health['stale_after_hours']:g}")


def _stale(catalog: str, last: dict[str, Any] | None, hours: str) -> str:
    sync = _for_one_or_several(
        _("No successful full sync"), _("No successful full sync of the Catalog %(catalog)s"), catalog
    )
    result = _("none has ever run")
    if last:
        status = SyncRun.Status(last["status"]).label
        result = _("sync run %(id)s ended as %(status)s") % {"id": last["run_id"], "status": status}
    if last and last["status"] not in (SyncRun.Status.SUCCEEDED, SyncRun.Status.CANCELED):
        fix = _(
            "Open that sync run under Sync runs in Django admin, fix the reported problem, and check the schedule."
        )
    else:
        fix = _("Run manage.py lms update_catalog_data and schedule it.")
    text = _("%(sync)s in the last %(hours)s hours (%(result)s). %(fix)s")
    return text % {"sync": sync, "hours": hours, "result": result, "fix": fix}


def _is_stale(success: SyncRun | None) -> bool:
    if success is None or success.finished is None:
        return True
    # With abs(), because an end far in the future, set by a wrong clock, would hide that the sync is stale.
    return abs(timezone.now() - success.finished) > timedelta(hours=conf.stale_after_hours())


def _success(run: SyncRun | None) -> dict[str, Any] | None:
    if run is None or run.finished is None:
        return None
    # The database's clock may be ahead of this one.
    age = max(0, round((timezone.now() - run.finished).total_seconds()))
    return {"run_id": run.pk, "finished": run.finished.isoformat(), "age_seconds": age}


def _full_run(run: SyncRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "run_id": run.pk,
        "status": run.status,
        "finished": run.finished.isoformat() if run.finished else None,
        "course_runs_rejected": run.course_runs_rejected,
        "removals_refused": run.removals_refused,
        "failures": run.failures,
    }


def _running(run: SyncRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "run_id": run.pk,
        "scope": run.scope,
        "dry_run": run.dry_run,
        "started": run.started.isoformat(),
        "heartbeat": run.heartbeat.isoformat(),
        "course_runs_retrieved": run.course_runs_retrieved,
        "catalog_count": run.catalog_count,
    }
