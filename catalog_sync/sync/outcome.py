"""How a sync run ended: its status, and a message with the cause and the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import Error as AnyDatabaseError

from catalog_sync import quota
from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import SyncRun
from catalog_sync.store import course_overviews
from catalog_sync.store.sql import is_conflict
from catalog_sync.store.sync_runs import catalog_size, requests_of_last_hour
from catalog_sync.sync.rejections import Summary
from catalog_sync.sync.report import SyncReport

MAX_REASONS = 3
# Of a course key or a reason in a message; longer than a valid course key.
MAX_TEXT_LENGTH = 260
# Between what is missing and the cause, in the failures of a crawl.
BECAUSE = ", because "
# If the LMS itself has sent at least this share of the quota, its own requests are the cause.
OWN_SHARE = 0.5
OTHER_CLIENT = (
    "find out which other client uses this account, or ask whether the account's quota is lower than usual"
)

# Remedies by the database's own text, because the kinds of exception are too coarse: PostgreSQL has the same for a
# missing table and for a missing permission. The texts are those of SQLite, MariaDB and PostgreSQL.
DATABASE_REMEDIES = {
    "max_allowed_packet": "Choose a smaller page size, or increase the database's max_allowed_packet",
    # Too long, or with characters that are not in the column's character set.
    "Data too long|value too long|Incorrect string value": (
        "A value from the Catalog does not fit the column that the error names: correct the value in the Catalog, or "
        "widen the column"
    ),
    (
        "no such (table|column)|has no column|Unknown column|Table '.*' doesn't exist|"
        "(relation|column) .* does not exist"
    ): "Run manage.py lms migrate catalog_sync",
}
CONFLICT_REMEDY = "Another process holds a lock: end the transaction that is still open"
OTHER_REMEDY = "Check that the database is running, is writable and has free space"


def database_failure(error: AnyDatabaseError) -> str:
    """Return a message with the database's own text, and the remedy."""
    text = " ".join(str(error).split())
    otherwise = CONFLICT_REMEDY if is_conflict(error) else OTHER_REMEDY
    remedies = (remedy for pattern, remedy in DATABASE_REMEDIES.items() if re.search(pattern, text))
    return f"Database error: {text.rstrip('.')}. {next(remedies, otherwise)}, then run the command again."


class NothingRead(Exception):
    """No page of the list could be read."""

    def __init__(self, failures: Sequence[str]) -> None:
        causes = list(_by_cause(failures))[:MAX_REASONS]
        super().__init__(f"No page of the Catalog's list could be read: {'; '.join(causes)}.")


def outcome_of(failures: Sequence[str], report: SyncReport, rejected: Summary) -> tuple[SyncRun.Status, str]:
    """Return the status of a sync run that was not aborted, and its message.

    A rejected record does not make it incomplete, because it may stay in the Catalog for months.

    Args:
        failures: why something was not read or not applied, one reason each.
        report: its number of rejected course runs becomes a warning.
        rejected: the rejected records, a few of which the warning names.
    """
    warning = _rejected_warning(report.course_runs_rejected, rejected)
    if not failures:
        return SyncRun.Status.SUCCEEDED, warning
    reasons = distinct(failures)
    if (more := len(reasons) - MAX_REASONS) > 0:
        reasons[MAX_REASONS:] = [f"{more} more (see event=catalog_sync.not_applied)"]
    return SyncRun.Status.INCOMPLETE, f"Incomplete: {'; '.join(reasons)}. {warning}".rstrip()


def distinct(failures: Sequence[str]) -> list[str]:
    """Return one failure for each cause, with the number of the others that have the same cause."""
    return [
        f"{same[0]} (and {len(same) - 1} more with this cause)" if len(same) > 1 else same[0]
        for same in _by_cause(failures).values()
    ]


def _by_cause(failures: Sequence[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for failure in failures:
        text = failure.rstrip(".")
        what, _, cause = text.partition(BECAUSE)
        groups.setdefault(cause or what, []).append(text)
    return groups


def _rejected_warning(number: int, rejected: Summary) -> str:
    if not number:
        return ""
    what = "1 course run was rejected" if number == 1 else f"{number:,} course runs were rejected"
    named = [
        f"{_short(key)}: {_short(reason)}"
        for reason, each in rejected.items()
        for key in each.examples or ["without a key"]
    ]
    examples = f" ({'; '.join(named[:MAX_REASONS])}{'; …' if number > MAX_REASONS else ''})" if named else ""
    return (
        f"{what}{examples}: correct {'it' if number == 1 else 'them'} in the Catalog (see "
        "event=catalog_sync.course_runs_rejected)."
    )


def _short(text: str) -> str:
    # The Catalog may send any text as a key, and as a value that a reason quotes.
    return (text if text.isprintable() else ascii(text))[:MAX_TEXT_LENGTH]


def request_failure(error: RequestFailed, report: SyncReport) -> str:
    """Return the message of a sync run that a failed request ended.

    If the Catalog throttled the request, it names who used the quota, and a page size that needs less of it.
    """
    if not error.throttled:
        return str(error)
    sent = report.requests + requests_of_last_hour(report.catalog)
    # "At least", because incremental sync runs that changed nothing are deleted.
    own = f"This LMS's own sync runs sent at least {sent:,} requests in the last hour"
    count = report.catalog_count or catalog_size(report.catalog) or course_overviews.count()
    if not count or not report.page_size:
        return f"{error} {own}."
    needed, better = quota.requests_for(count, report.page_size), quota.recommended_page_size(count)
    sync = f"With page size {report.page_size}, a sync of {count:,} course runs needs"
    per_hour = f"{quota.REQUESTS_PER_HOUR} requests per hour"
    if quota.least_page_size(count) > report.page_size:
        # To wait alone does not help.
        error.remedy = f"use page size {better} or larger, and {error.remedy}"
        return f"{error} {sync} {needed:,} requests, but an ordinary user has {per_hour}. {own}."
    is_own = sent >= OWN_SHARE * quota.REQUESTS_PER_HOUR
    advice = "sync less often" if is_own else OTHER_CLIENT
    conclusion = "" if is_own else ", so a larger page size does not help"
    if (fewer := quota.requests_for(count, better)) < needed / 2:
        advice += f", or use page size {better} ({fewer} requests instead of {needed})"
        conclusion = ""
    return f"{error} {own}: {advice}. {sync} only {needed} of an ordinary user's {per_hour}{conclusion}."
