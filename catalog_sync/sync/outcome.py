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
from catalog_sync.store.sync_runs import catalog_size
from catalog_sync.sync.report import SyncReport

MOST_REASONS = 3


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
    ): "Run manage.py migrate catalog_sync",
}
CONFLICT_REMEDY = "Another process holds a lock: end the transaction that is still open"
OTHER_REMEDY = "Check that the database is running, is writable and has free space"


def database_failure(error: AnyDatabaseError) -> str:
    """Return a message with the database's own text, and the remedy."""
    text = " ".join(str(error).split())
    otherwise = CONFLICT_REMEDY if is_conflict(error) else OTHER_REMEDY
    remedies = (remedy for pattern, remedy in DATABASE_REMEDIES.items() if re.search(pattern, text))
    return f"Database error: {text.rstrip('.')}. {next(remedies, otherwise)}, then run the command again."


def outcome_of(failures: Sequence[str], rejected: int) -> tuple[SyncRun.Status, str]:
    """Return the status of a sync run that was not aborted, and its message.

    Args:
        failures: why something was not applied, one reason each.
        rejected: the number of rejected course runs.
    """
    if not failures and not rejected:
        return SyncRun.Status.SUCCEEDED, ""
    reasons = [failure.rstrip(".") for failure in failures[:MOST_REASONS]]
    if more := len(failures) - len(reasons):
        reasons.append(f"{more} more (see event=catalog_sync.not_applied)")
    if rejected:
        reasons.append(
            f"{rejected} rejected course runs (see event=catalog_sync.course_run_rejected; correct them in the Catalog)"
        )
    return SyncRun.Status.INCOMPLETE, f"Incomplete: {'; '.join(reasons)}."


def rejected_advice(report: SyncReport) -> str:
    """Return what to check before removals are allowed; empty if no course run was rejected."""
    if not report.course_runs_rejected:
        return ""
    return (
        f" But first check why {report.course_runs_rejected} course runs were rejected "
        "(event=catalog_sync.course_run_rejected). The cause may be a setting of this LMS, such as "
        "CATALOG_SYNC_MARKETING_URL_HOSTS."
    )


def page_size_advice(error: RequestFailed, report: SyncReport) -> str:
    """Return advice on the page size for a throttled user; empty if the Catalog did not throttle the request."""
    if not error.throttled or not (page_size := report.page_size):
        return ""
    count = report.catalog_count or catalog_size(report.catalog) or course_overviews.count()
    if not count:
        return ""
    needed, fitting = quota.requests_for(count, page_size), quota.least_page_size(count)
    per_hour = f"{quota.REQUESTS_PER_HOUR} requests per hour"
    if fitting > page_size:
        return (
            f" With page size {page_size}, a sync of {count:,} course runs needs {needed:,} requests, but an ordinary "
            f"user has {per_hour}. Use page size {fitting} or more."
        )
    return (
        f" With page size {page_size}, a sync of {count:,} course runs needs only {needed:,} of an ordinary user's "
        f"{per_hour}, so a larger page size does not help. Find out which other client uses this account, or sync less "
        "often."
    )
