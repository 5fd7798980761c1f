"""The report of a sync for people, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import Error as AnyDatabaseError

from catalog_sync import api

if TYPE_CHECKING:
    from catalog_sync.store.changes import Change
    from catalog_sync.sync import SyncReport

_NOTHING_DONE = ("disabled", "skipped")


def as_json(report: SyncReport) -> str:
    """Return the numbers and the changes as one line."""
    return json.dumps(_numbers(report) | _changes(report))


def as_text(report: SyncReport) -> str:
    """Return a sentence per Catalog, then one line per number."""
    lines = [f"{each.catalog}: {_sentence(each)}" for each in report.catalogs] or [_sentence(report)]
    if report.status not in _NOTHING_DONE:
        lines += ["", *_table([report, *report.catalogs])]
    return "\n".join(lines)


def changes_as_text(report: SyncReport) -> str:
    """Return one line per change: its kind, the Catalog if there are several, the course key, the URLs, the reason."""
    each = report.catalogs or [report]
    lines = [line for one in each for line in _change_lines(one, one.catalog if report.catalogs else "")]
    return "\n".join(lines or ["No changes."])


def _sentence(report: SyncReport) -> str:
    if report.status in _NOTHING_DONE:
        return f"{report.status.capitalize()}: nothing was done."
    seconds = f"{report.duration_seconds:.1f} s"
    verb, time = ("would update", f"(dry run, {seconds})") if report.dry_run else ("updated", f"in {seconds}")
    text = f"{verb} {report.updated:,} of {_count(report.course_overviews, 'course')} {time}"
    if details := ", ".join(_details(report)):
        text += f": {details}"
    if report.status != "succeeded":
        return f"{report.status.capitalize()}: {text}."
    return f"{text[0].upper()}{text[1:]}."


def _details(report: SyncReport) -> Iterator[str]:
    if report.removed:
        yield f"{_count(report.removed, 'marketing URL')} {'to remove' if report.dry_run else 'removed'}"
    if report.removals_refused:
        yield f"refused to remove {_count(report.removals_refused, 'marketing URL')}"
    if report.course_runs_rejected:
        yield f"{_count(report.course_runs_rejected, 'course run')} rejected"
    if report.unchanged:
        yield f"{report.unchanged:,} unchanged"
    # Those that lost their URL have been named already, whether the Catalog still lists them or not.
    removed_of_matched = report.matched - report.updated - report.unchanged
    not_listed = report.not_in_catalog - max(0, report.removed - max(0, removed_of_matched))
    if not_listed > 0:
        others = " others" if not_listed < report.not_in_catalog else ""
        yield f"{not_listed:,}{others} not in the Catalog"


def _count(number: int, noun: str) -> str:
    """Return a number and its noun, such as "1 course" or "3,200 courses"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _numbers(report: SyncReport) -> dict[str, Any]:
    values: dict[str, Any] = report.as_dict()
    del values["message"]
    return values


def _table(reports: Sequence[SyncReport]) -> Iterator[str]:
    """Yield one line per number. With several Catalogs, the sums are the first column, then each Catalog has one."""
    columns = [_numbers(report) for report in reports]
    names = [name for name in columns[0] if name != "catalogs"]
    widths = [max(len(str(column[name])) for name in names) for column in columns]
    for name in names:
        values = "  ".join(f"{column[name]!s:{w}}" for column, w in zip(columns, widths, strict=True))
        yield f"{name:22} {values}".rstrip()


def _changes(report: SyncReport) -> dict[str, Any]:
    """Return the changes of a sync run; with several Catalogs, those of each and all together."""
    if not report.catalogs:
        return {"changes": [change._asdict() for change in _read(report)]}
    catalogs = [each.as_dict() | _changes(each) for each in report.catalogs]
    return {"catalogs": catalogs, "changes": [change for each in catalogs for change in each["changes"]]}


def _read(report: SyncReport) -> tuple[Change, ...]:
    # If the database does not respond, the report contains this error already.
    with suppress(AnyDatabaseError):
        return api.sync_run_changes(report.run_id) if report.run_id else ()
    return ()


def _change_lines(report: SyncReport, catalog: str) -> Iterator[str]:
    changes = _read(report)
    width = max((len(_printable(change.course_key)) for change in changes), default=0)
    for change in changes:
        yield _line(change.shown_kind, catalog, *_what_happened(change, width))
    listed = Counter(change.shown_kind for change in changes)
    totals = {
        "changed": report.updated,
        "removed": report.removed,
        "refused": report.removals_refused,
        "rejected": report.course_runs_rejected,
    }
    for kind, total in totals.items():
        if (more := total - listed[kind]) > 0:
            yield _line(kind, catalog, f"and {more:,} more")


def _line(kind: str, *columns: str) -> str:
    return "  ".join(column for column in (f"{kind:8}", *columns) if column)


def _what_happened(change: Change, width: int) -> tuple[str, ...]:
    """Return the columns of a change; only if it was made, or would be, with an arrow."""
    key, old, new, cause = map(_printable, (change.course_key, change.old, change.new, change.cause))
    because = f" ({cause})" if cause else ""
    if change.shown_kind == "refused":
        return (f"{key}: the course keeps {old or '(none)'}{because}",)
    if change.shown_kind == "rejected":
        return (f"{key or '(no key)'}: {new or '(none)'}{because}; the course keeps {old or '(none)'}",)
    return f"{key:{width}}", f"{old or '(none)'} -> {new or '(none)'}", cause


def _printable(text: str | None) -> str:
    """Return the text without characters that could end the line or control a terminal: it may be the Catalog's."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text or "")
