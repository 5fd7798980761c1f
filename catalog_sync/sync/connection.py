"""Test the connection to a Catalog with one request."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from catalog_sync import conf
from catalog_sync.catalog_client import CatalogClient, PageRange, Requester, access_to
from catalog_sync.catalog_client.errors import address_missing
from catalog_sync.conf import Catalog
from catalog_sync.event_log import EventLog
from catalog_sync.models import CatalogSyncConfig


@dataclass(frozen=True)
class Answer:
    """What a Catalog answered.

    Attributes:
        catalog: its name.
        seconds: how long it took.
        course_runs: how many course runs it lists.
    """

    catalog: str
    seconds: float
    course_runs: int


def ask_for_one_row(catalog: Catalog) -> Answer:
    """Request one course run; a failed request is not sent again, except with a new token after HTTP 401.

    Raises:
        RequestFailed: there is no usable answer.
    """
    access = access_to(catalog)
    if not access.api_url:
        raise address_missing(access.source)
    requester = Requester(
        EventLog(),
        timeout_seconds=CatalogSyncConfig.current(catalog.name).request_timeout_seconds,
        retry_deadline_seconds=0,
        access=access,
    )
    with closing(requester):
        client = CatalogClient(access.api_url, conf.fields(), requester)
        seconds, page = client.seconds_of(PageRange(0, 1))
    return Answer(catalog.name, seconds, page.count)
