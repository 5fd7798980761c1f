"""The changes of a sync run: a table on its page, and a CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from catalog_sync.models import SyncRun, SyncRunChange
from catalog_sync.store.changes import MAX_PER_KIND, Change

ROWS_PER_PAGE = 20
Kind = SyncRunChange.Kind
# The kinds that need attention come first.
ORDER = (Kind.REMOVED, Kind.REJECTED, Kind.CHANGED)
# Spreadsheets evaluate a cell that begins with one of these, also in full width. In many languages, Excel begins a new
# cell at each semicolon, even within quotes.
FORMULA_START = re.compile(r"(^|;)(?= *[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True)
class KindOfChange:
    """A kind of change, how many are stored, and how many more there were."""

    kind: str
    label: str
    stored: int
    more: int

    @property
    def count(self) -> int:
        return self.stored + self.more


@dataclass(frozen=True)
class ShownChanges:
    """One page of the changes of one kind.

    Attributes:
        rows: the course key for a link, then the visible course key, URLs and reason.
    """

    kinds: list[KindOfChange]
    shown: KindOfChange
    page: Page
    rows: list[tuple[str, ...]]


def shown_changes(run: SyncRun, request: HttpRequest) -> ShownChanges | None:
    """Return the page of changes that the request selects; None: the sync run has no changes."""
    stored = dict(run.changes.order_by().values_list("kind").annotate(Count("pk")))
    kinds = [_kind(run, kind, stored[kind]) for kind in ORDER if kind in stored]
    if not kinds:
        return None
    shown = next((each for each in kinds if each.kind == request.GET.get("kind")), kinds[0])
    of_kind = run.changes.filter(kind=shown.kind).order_by("course_key", "pk")
    page = Paginator(of_kind, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        (each.course_key, *map(visible, (each.course_key, each.old, each.new, each.reason))) for each in page
    ]
    return ShownChanges(kinds, shown, page, rows)


def _kind(run: SyncRun, kind: str, stored: int) -> KindOfChange:
    label = str(Kind(kind).label)
    if run.dry_run and kind != Kind.REJECTED:
        label = {Kind.REMOVED: _("would be removed"), Kind.CHANGED: _("would be changed")}[Kind(kind)]
    if run.status == SyncRun.Status.REFUSED and kind == Kind.REMOVED:
        label = _("refused")
    if stored < MAX_PER_KIND:
        return KindOfChange(kind, label, stored, 0)
    counted = {
        Kind.REMOVED: run.removed + run.removals_refused,
        Kind.REJECTED: run.course_runs_rejected,
        Kind.CHANGED: run.updated,
    }[Kind(kind)]
    return KindOfChange(kind, label, stored, max(0, counted - stored))


def csv_of(run: SyncRun) -> StreamingHttpResponse:
    """Return all changes that are stored for a sync run as a CSV file."""
    response = StreamingHttpResponse(_lines(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="sync-run-{run.pk}-changes.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


class _Echo:
    """A file that returns what is written to it."""

    def write(self, line: str) -> str:
        return line


def _lines(run: SyncRun) -> Iterator[Any]:
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(Change._fields)
    rows = run.changes.order_by("kind", "course_key", "pk")
    for change in (Change(*values) for values in rows.values_list(*Change._fields)):
        row = change._replace(kind=change.shown_kind)
        yield writer.writerow([FORMULA_START.sub(r"\1'", value or "") for value in row])


def visible(text: str | None) -> str:
    """Return the text with its invisible characters escaped, such as those that reverse the direction."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text or "-"
    )
