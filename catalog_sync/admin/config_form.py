"""The form of a configuration. An expensive page size, and a change over another user's, need a second submit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Max
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog_sync import conf, quota
from catalog_sync.admin.confirmation import ConfirmationForm
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.store.sync_runs import catalog_size

TUNED = ("enabled", *CatalogSyncConfig.NUMBERS)


class ConfigForm(ConfirmationForm, forms.ModelForm):
    """The configuration, and the newest row at the time when the form was made."""

    based_on = forms.IntegerField(label="", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["based_on"].initial = _newest()

    def clean(self) -> dict[str, Any]:
        """Compare with the rows that were saved since the form was made, and with the quota."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        # The form has no field for the only Catalog.
        catalog = values.get("catalog") or conf.catalogs()[0].name
        based_on = values.get("based_on")
        if based_on is not None and (latest := _saved_since(catalog, based_on)):
            self._merge(_row(catalog, based_on), latest, values)
        page_size = values.get("page_size")
        if page_size is not None and page_size != CatalogSyncConfig.current(catalog).page_size:
            doubt = quota_doubt(catalog_size(catalog), page_size)
            if doubt:
                self.require_confirmation("page_size", doubt)
        return values

    def _merge(self, opened: CatalogSyncConfig, latest: CatalogSyncConfig, values: dict[str, Any]) -> None:
        """Refuse the form if others have changed values since the form was opened with the configuration ``opened``.

        The form takes over their values in the fields that this user did not change.
        """
        before = forms.model_to_dict(opened, TUNED)
        theirs = differences(before, forms.model_to_dict(latest, TUNED))
        if not theirs:
            return
        mine = differences(before, {name: values[name] for name in TUNED if name in values})
        for name in (theirs.keys() - mine.keys()) & values.keys():
            values[name] = getattr(latest, name)
        self.add_error(None, _changed_meanwhile(latest, theirs, mine))
        # The user has read the error when the form is submitted again.
        kept = {name: str(values[name]) for name in theirs.keys() & values.keys()}
        self.data = {**self.data.dict(), **kept, "based_on": str(_newest())}  # type: ignore[attr-defined]


def quota_doubt(count: int, page_size: int) -> str:
    """Return why a page size is too expensive; empty if it is not.

    Args:
        count: course runs in the Catalog; 0: unknown.
        page_size: course runs per request; 0: automatic.
    """
    if not count and 0 < page_size < quota.PAGE_SIZES[0]:
        return _("A page size below %(least)s needs many requests.") % {"least": quota.PAGE_SIZES[0]}
    requests = quota.requests_for(count, page_size)
    if not page_size or requests <= quota.REQUESTS_PER_HOUR:
        return ""
    text = _(
        "A full sync of %(count)s course runs would take %(requests)s requests, but the Catalog allows an ordinary "
        "user %(quota)s per hour. Use a page size of at least %(least)s, which leaves room for look-ups."
    )
    return text % {
        "count": f"{count:,}",
        "requests": f"{requests:,}",
        "quota": quota.REQUESTS_PER_HOUR,
        "least": f"{quota.least_page_size(count):,}",
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """Return the name and both values of each field of a configuration that differs, by field."""
    return {
        name: f"{_name_of(name)}: {_shown(before[name])} → {_shown(value)}"
        for name, value in after.items()
        if value != before[name]
    }


def _shown(value: object) -> str:
    return (_("on") if value else _("off")) if isinstance(value, bool) else f"{value:,}"


def _name_of(field: str) -> str:
    return str(CatalogSyncConfig._meta.get_field(field).verbose_name)


def _newest() -> int:
    # Of all Catalogs, because the user can choose another one in the form.
    return CatalogSyncConfig.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _saved_since(catalog: str, based_on: int) -> CatalogSyncConfig | None:
    """Return the newest row of a Catalog if it is newer than this one. Other forms wait until the transaction ends."""
    # A row that always exists. An update, since SQLite cannot lock a row that is only read.
    config = ContentType.objects.get_for_model(CatalogSyncConfig)
    ContentType.objects.filter(pk=config.pk).update(model=F("model"))
    newer = CatalogSyncConfig.objects.filter(catalog=catalog, pk__gt=based_on).order_by("-pk")
    # If the transaction began before the wait, MySQL shows rows that were saved meanwhile to locking reads only.
    latest: CatalogSyncConfig | None = newer.select_for_update().first()
    return latest


def _row(catalog: str, newest: int) -> CatalogSyncConfig:
    """Return the configuration that was used when ``newest`` was the newest row."""
    rows = CatalogSyncConfig.objects.filter(catalog=catalog, pk__lte=newest).order_by("-pk")
    return rows.first() or CatalogSyncConfig(catalog=catalog)


def _changed_meanwhile(latest: CatalogSyncConfig, theirs: dict[str, str], mine: dict[str, str]) -> str:
    text = _(
        "Not saved: %(user)s changed the configuration at %(time)s, after you opened this form (%(theirs)s). "
        "Your changes are still in this form (%(mine)s). Check the values, then save again."
    )
    return text % {
        "user": latest.changed_by or _("a program"),
        "time": date_format(localtime(latest.change_date), "DATETIME_FORMAT"),
        "theirs": ", ".join(theirs.values()),
        "mine": ", ".join(mine.values()) or _("none"),
    }
