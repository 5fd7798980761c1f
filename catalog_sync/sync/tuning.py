"""Recommending a page size: from what a Catalog answers within a budget of requests."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from catalog_sync import conf
from catalog_sync.catalog_client import CatalogClient, Requester, access_to
from catalog_sync.catalog_client.errors import address_missing
from catalog_sync.conf import Catalog
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import NothingMeasured
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.quota import REQUESTS_PER_HOUR
from catalog_sync.sync.page_size import Measurement, OutOfRequests, best, sweep

CONCURRENCIES = (1, 2, 4)
NO_ANSWER = (
    "Nothing was measured, since the Catalog did not answer the smallest page: event=catalog_sync.request_failed in "
    "the log says why. If it was the time, raise request_timeout_seconds."
)


@dataclass(frozen=True)
class Recommendation:
    """Which page size and concurrency to use.

    Attributes:
        measurements: what there was to choose from, smallest page size first.
        best: what was chosen.
        shortage: why there was no more to choose from; empty if everything was measured.
    """

    measurements: tuple[Measurement, ...]
    best: Measurement
    shortage: str = ""

    @property
    def is_past_quota(self) -> bool:
        """Whether a full sync sends more requests than an ordinary user has in an hour."""
        return self.best.requests > REQUESTS_PER_HOUR

    @property
    def may_be_saved(self) -> bool:
        """Whether it is worth keeping: a page size that was not measured may be the best."""
        return not self.shortage


def recommend(
    catalog: Catalog, most_requests: int, target_seconds: float, on_measured: Callable[[Measurement], None]
) -> Recommendation:
    """Measure the Catalog, and recommend the best of what was measured.

    Raises:
        RequestFailed: the Catalog does not answer at all, or not this user.
        NothingMeasured: the budget did not suffice for one page size, or none was answered in time.
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
    measurements: list[Measurement] = []
    shortage = ""
    with closing(requester):
        client = CatalogClient(access.api_url, conf.fields(), requester)
        try:
            for measured in sweep(client, CONCURRENCIES, most_requests, target_seconds):
                measurements.append(measured)
                on_measured(measured)
        except OutOfRequests as error:
            shortage = str(error)
    if not measurements:
        raise NothingMeasured(shortage or NO_ANSWER)
    return Recommendation(tuple(measurements), best(measurements, target_seconds), shortage)
