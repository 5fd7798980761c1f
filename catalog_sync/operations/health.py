"""Is the sync healthy: when it last succeeded, what it left, and how many course overviews show a marketing URL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from catalog_sync import conf
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store import course_overviews, course_runs, lease

OK, STALE = "ok", "stale"


def look() -> dict[str, Any]:
    """Return the health of the sync as plain values; a handful of queries a Catalog, no network, nothing secret.

    ``status`` is ``stale`` where no full sync has succeeded within ``CATALOG_SYNC_STALE_AFTER_HOURS``. A dry run or
    one of a few courses proves nothing about the rest, so neither counts. Of several Catalogs the one that has
    waited longest speaks for all, and ``catalogs`` tells of each by name.
    """
    each = {catalog.name: _of_catalog(catalog.name) for catalog in conf.catalogs()}
    stalest = max(each, key=lambda name: (each[name]["status"] == STALE, _age(each[name])))
    seen = each[stalest]
    count, showing = course_overviews.count_with_url()
    values = {
        "status": seen["status"],
        "enabled": seen["enabled"],
        "stale_after_hours": conf.stale_after_hours(),
        "last_success": seen["last_success"],
        "last_full_run": seen["last_full_run"],
        "running": seen["running"],
        "course_overviews": count,
        "course_overviews_with_marketing_url": showing,
        "marketing_url_percent": round(100 * showing / count, 1) if count else None,
        "pinned": len(course_runs.pinned()),
    }
    return values | {"catalog": stalest, "catalogs": each} if len(each) > 1 else values


def _of_catalog(catalog: str) -> dict[str, Any]:
    runs = SyncRun.objects.filter(catalog=catalog)
    full = runs.filter(scope=SyncRun.Scope.ALL, dry_run=False).order_by("-pk")
    succeeded = full.filter(status=SyncRun.Status.SUCCEEDED).first()
    last = full.exclude(status=SyncRun.Status.RUNNING).first()
    return {
        "status": STALE if _is_stale(succeeded) else OK,
        "enabled": CatalogSyncConfig.current(catalog).enabled,
        "last_success": _success(succeeded),
        "last_full_run": _full_run(last),
        "running": _running(lease.alive().filter(lease=catalog).first()),
    }


def _age(seen: dict[str, Any]) -> float:
    last = seen["last_success"]
    return float("inf") if last is None else last["age_seconds"]


def remedy(health: dict[str, Any]) -> str:
    """Return one sentence on what is wrong and what to do about it; empty if nothing is wrong."""
    if health["status"] == OK and health["enabled"]:
        return ""
    whom = f" of the Catalog {health['catalog']}" if "catalogs" in health else ""
    if not health["enabled"]:
        return f"The sync{whom} is switched off: switch it on in Django admin (Catalog sync configuration)."
    success = health["last_success"]
    if success and datetime.fromisoformat(success["finished"]) > timezone.now():
        return (
            f"The last full sync{whom} that succeeded, run {success['run_id']}, ended in the future "
            f"({success['finished']}): set the clocks of the LMS and of its database right, then run manage.py "
            "update_catalog_data."
        )
    limit = f"the last {health['stale_after_hours']:g} hours"
    last = health["last_full_run"]
    how, what = "none has ever run", "Run manage.py update_catalog_data"
    if last:
        how = f"the last one, run {last['run_id']}, ended {last['status']}"
        what = "Put right what its page under Sync runs in Django admin names"
    if last and last["status"] == SyncRun.Status.SUCCEEDED:
        what = "Run manage.py update_catalog_data"
    return f"No full sync{whom} has succeeded within {limit}; {how}. {what}, and see that it is scheduled."


def _is_stale(succeeded: SyncRun | None) -> bool:
    if succeeded is None or succeeded.finished is None:
        return True
    # An end that is far in the future was stamped by a clock that was wrong, and would be fresh until then.
    return abs(timezone.now() - succeeded.finished) > timedelta(hours=conf.stale_after_hours())


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
