"""The health of the sync: its last success, its last full sync, and how many courses have a marketing URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store import changes, course_overviews, course_runs, lease
from catalog_sync.store.sync_runs import ended_full_syncs, successful_full_syncs

OK, STALE, DISABLED = "ok", "stale", "disabled"
WORST_LAST = (DISABLED, OK, STALE)


class Notice(NamedTuple):
    """A problem that does not make the sync of a Catalog stale, but needs attention.

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


@dataclass(frozen=True)
class CatalogHealth:
    """The health of one Catalog's sync. The texts are in the active language.

    The sync is stale if no full sync has succeeded within ``CATALOG_SYNC_STALE_AFTER_HOURS``. Dry runs and syncs of
    single courses are ignored.

    Attributes:
        catalog: the Catalog's name.
        is_enabled: whether the sync is enabled.
        last_success: the last full sync that succeeded.
        last_full: the last full sync that has ended.
        running: the sync that is running.
        rejections: how many records are rejected; None: no full sync has read the list.
    """

    catalog: str
    is_enabled: bool
    last_success: SyncRun | None
    last_full: SyncRun | None
    running: SyncRun | None
    rejections: changes.RejectionCount | None

    @classmethod
    def of(cls, catalog: str) -> CatalogHealth:
        """Read the health of one Catalog's sync; a few queries."""
        last_full = ended_full_syncs(catalog).first()
        return cls(
            catalog,
            CatalogSyncConfig.current(catalog).enabled,
            successful_full_syncs(catalog).exclude(finished=None).first(),
            last_full,
            lease.alive().defer("log_lines").filter(lease=catalog).first(),
            changes.current_rejections(catalog) if last_full else None,
        )

    @property
    def age(self) -> timedelta:
        """How long ago the last success was: negative if its clock was ahead, very long if there was none."""
        finished = self.last_success and self.last_success.finished
        return timezone.now() - finished if finished else timedelta.max

    @property
    def status(self) -> str:
        """``ok``, ``stale`` or ``disabled``."""
        if not self.is_enabled:
            return DISABLED
        # With abs(), because an end far in the future, set by a wrong clock, would hide that the sync is stale.
        return STALE if abs(self.age) > timedelta(hours=conf.stale_after_hours()) else OK

    @property
    def fault(self) -> str:
        """The fault and its remedy; empty if the sync is healthy."""
        return " ".join(filter(None, self.fact_and_remedy))

    @property
    def fact_and_remedy(self) -> tuple[str, str]:
        """The fault and its remedy, a sentence each; two empty texts if the sync is healthy."""
        if self.status == OK:
            return "", ""
        if self.status == DISABLED:
            fact = self._named(
                _("The sync is disabled."), _("The sync of the Catalog %(catalog)s is disabled.")
            )
            return fact, _("Enable it in Django admin (Catalog sync configuration).")
        success = self.last_success
        if success is None or success.finished is None or self.age >= timedelta():
            return self._stale_fault()
        sync = self._named(
            _("The last successful full sync"), _("The last successful full sync of the Catalog %(catalog)s")
        )
        fact = _("%(sync)s, sync run %(id)s, ended in the future (%(end)s).")
        values = {"sync": sync, "id": success.pk, "end": success.finished.isoformat()}
        return fact % values, _(
            "Correct the clocks of the LMS and of its database, then run manage.py lms update_catalog_data."
        )

    def _stale_fault(self) -> tuple[str, str]:
        sync = self._named(
            _("No successful full sync"), _("No successful full sync of the Catalog %(catalog)s")
        )
        last, result = self.last_full, _("none has ever run")
        if last:
            status = last.get_status_display()
            result = _("sync run %(id)s ended as %(status)s") % {"id": last.pk, "status": status}
        if last and last.status not in (SyncRun.Status.SUCCEEDED, SyncRun.Status.CANCELED):
            fix = _(
                "Open that sync run under Sync runs in Django admin, fix the reported problem, and check the schedule."
            )
        else:
            fix = _("Run manage.py lms update_catalog_data and schedule it.")
        hours = f"{conf.stale_after_hours():g}"
        fact = _("%(sync)s in the last %(hours)s hours (%(result)s).")
        return fact % {"sync": sync, "hours": hours, "result": result}, fix

    @property
    def warnings(self) -> list[Notice]:
        """The problems that do not make the sync stale, but need attention."""
        last, rejections = self.last_full, self.rejections
        if not last:
            return []
        sync = self._named(_("The last full sync"), _("The last full sync of the Catalog %(catalog)s"))
        values = {"sync": sync, "id": last.pk, "status": last.get_status_display()}
        found = []
        if last.status != SyncRun.Status.SUCCEEDED:
            fact = (
                _("%(sync)s, sync run %(id)s, failed.")
                if last.status == SyncRun.Status.FAILED
                else _("%(sync)s, sync run %(id)s, was %(status)s.")
            )
            place = _("Its page in Django admin has the reason and the remedy.")
            found.append(Notice(fact % values, place, last.pk))
        if rejections and rejections.number:
            values |= {"id": rejections.run_id, "count": f"{rejections.number:,}"}
            fact = (
                _("%(sync)s rejected course runs (%(count)s).")
                if rejections.run_id == last.pk
                else _("Sync run %(id)s rejected course runs (%(count)s).")
            )
            place = _(
                "Sync run %(id)s in Django admin lists them with the reasons. Correct them in the Catalog."
            )
            found.append(Notice(fact % values, place % values, rejections.run_id))
        return found

    def _named(self, alone: str, one_of_several: str) -> str:
        return one_of_several % {"catalog": self.catalog} if conf.has_several_catalogs() else alone

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "status": self.status,
            "enabled": self.is_enabled,
            "last_success": self._success_values(),
            "last_full_run": _values(
                self.last_full,
                *("status", "finished", "course_runs_rejected", "removals_refused", "failures"),
            ),
            "running": _values(
                self.running,
                *("scope", "dry_run", "started", "heartbeat", "course_runs_retrieved", "catalog_count"),
            ),
        }

    def _success_values(self) -> dict[str, Any] | None:
        # The database's clock may be ahead of this one.
        values = _values(self.last_success, "finished")
        return values and values | {"age_seconds": max(0, round(self.age.total_seconds()))}


def _values(run: SyncRun | None, *names: str) -> dict[str, Any] | None:
    if run is None:
        return None
    values = {name: getattr(run, name) for name in names}
    texts = {name: value.isoformat() for name, value in values.items() if hasattr(value, "isoformat")}
    return {"run_id": run.pk} | values | texts


def of_each_catalog() -> list[CatalogHealth]:
    """Return the health of each Catalog's sync, in order of priority; a few queries per Catalog, no request."""
    return [CatalogHealth.of(name) for name in conf.catalog_names()]


def worst_of(catalogs: Sequence[CatalogHealth]) -> CatalogHealth:
    """Return the health of the enabled Catalog whose last success is the oldest."""
    return max(catalogs, key=lambda each: (WORST_LAST.index(each.status), each.age))


def as_dict(catalogs: Sequence[CatalogHealth]) -> dict[str, Any]:
    """Return the health of the sync as plain values without secrets, with warnings in English; two more queries.

    With several Catalogs, the values are those of ``worst_of``, and ``catalogs`` contains those of each Catalog.
    """
    worst = worst_of(catalogs)
    with translation.override(None):
        found = [str(warning) for each in catalogs for warning in each.warnings]
    count, with_url = course_overviews.count_with_url()
    values = {
        "stale_after_hours": conf.stale_after_hours(),
        **worst.as_dict(),
        "course_overviews": count,
        "course_overviews_with_marketing_url": with_url,
        "marketing_url_percent": round(100 * with_url / count, 1) if count else None,
        "pinned": len(course_runs.pinned()),
        "warnings": found,
    }
    if len(catalogs) > 1:
        values |= {"catalog": worst.catalog, "catalogs": {each.catalog: each.as_dict() for each in catalogs}}
    return values


def read() -> dict[str, Any]:
    """Return the health of the sync as plain values."""
    return as_dict(of_each_catalog())


def dead_runs() -> list[SyncRun]:
    """Return the sync runs whose process has stopped before their end; the next sync closes them; one query."""
    return list(lease.running().exclude(pk__in=lease.alive().values("pk")).defer("log_lines"))
