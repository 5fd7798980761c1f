"""Times as the pages show them."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime


def local_time(value: datetime | None) -> str:
    """Return a time with seconds and time zone."""
    return date_format(localtime(value), "Y-m-d H:i:s T") if value else "-"
