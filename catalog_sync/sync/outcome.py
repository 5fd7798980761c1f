"""How a run ended, in a sentence with the remedy."""

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

# What SQLite, MariaDB and PostgreSQL say of a table or a column that is not there. Their kinds of error do not tell:
# PostgreSQL has one for this and for a permission that is missing.
LACKS_SCHEMA = re.compile(
    r"no such (table|column)|has no column|Unknown column|Table '.*' doesn't exist|(relation|column) .* does not exist"
)
# What MariaDB and PostgreSQL say of a value that is too long, or has characters that the column's character set lacks.
UNFIT_VALUE = re.compile(r"Data too long|value too long|Incorrect string value")
LARGE_STATEMENT = "max_allowed_packet"


def outcome_of(failures: Sequence[str], rejected: int) -> tuple[SyncRun.Status, str]:
    """Return the status of a run that came to its end, and the sentence that explains it.

    Args:
        failures: why something was not applied, a sentence each.
        rejected: how many course runs were.
    """
    if not failures and not rejected:
        return SyncRun.Status.SUCCEEDED, ""
    reasons = [failure.rstrip(".") for failure in failures[:3]]
    if more := len(failures) - len(reasons):
        reasons.append(f"{more} more (see event=catalog_sync.not_applied)")
    if rejected:
        reasons.append(
            f"{rejected} rejected course runs (see event=catalog_sync.course_run_rejected; correct them in the Catalog)"
        )
    return SyncRun.Status.INCOMPLETE, f"Not all that the Catalog has was applied: {'; '.join(reasons)}."


def database_failure(error: AnyDatabaseError) -> str:
    """Return what the database said, and what to do about it, in one sentence."""
    said = " ".join(str(error).split())
    remedy = "check that it is up, has room and may be written"
    if is_conflict(error):
        remedy = "another process holds a lock: look for a transaction that stays open"
    if LACKS_SCHEMA.search(said):
        remedy = "run manage.py migrate catalog_sync"
    if UNFIT_VALUE.search(said):
        remedy = (
            "a value of the Catalog does not fit that column: widen it, or correct the value in the Catalog"
        )
    if LARGE_STATEMENT in said:
        remedy = "choose a smaller page size, or raise the database's max_allowed_packet"
    return f"The LMS's database failed ({said}): {remedy}, then run the command again."


def rejected_advice(report: SyncReport) -> str:
    """Return what to say of rejected course runs to who was refused; empty if there were none."""
    if not report.course_runs_rejected:
        return ""
    return (
        f" But first see why {report.course_runs_rejected} course runs were rejected "
        "(event=catalog_sync.course_run_rejected): it may be a setting of this LMS, such as "
        "CATALOG_SYNC_MARKETING_URL_HOSTS."
    )


def page_size_advice(error: RequestFailed, report: SyncReport) -> str:
    """Return what to say of the page size to who was throttled; empty if that was not it."""
    if not error.throttled or not (page_size := report.page_size):
        return ""
    count = report.catalog_count or catalog_size(report.catalog) or course_overviews.count()
    if not count:
        return ""
    needed, fitting = quota.requests_for(count, page_size), quota.least_page_size(count)
    if fitting > page_size:
        advice = f"which page size {fitting} or more would fit"
    else:
        advice = "so something else sends requests as the same user"
    return (
        f" At page size {page_size} a sync of {count} course runs takes {needed} requests; an ordinary user has "
        f"{quota.REQUESTS_PER_HOUR} an hour, {advice}."
    )
