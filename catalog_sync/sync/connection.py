"""Connect to a Catalog, in a sync run and outside of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from catalog_sync import conf
from catalog_sync.catalog_client import CatalogAccess, CatalogClient, PageRange, Requester, access_to
from catalog_sync.catalog_client.errors import ADDRESS_MISSING
from catalog_sync.conf import Catalog
from catalog_sync.event_log import EventLog
from catalog_sync.models import CatalogSyncConfig


@dataclass(frozen=True)
class ConnectionResult:
    """The result of a connection test.

    Attributes:
        catalog: the Catalog's name.
        seconds: the duration of the request.
        course_runs: how many course runs the Catalog lists.
    """

    catalog: str
    seconds: float
    course_runs: int


@contextmanager
def connected(
    access: CatalogAccess,
    log: EventLog,
    *,
    timeout_seconds: float,
    retry_deadline_seconds: float,
    heartbeat: Callable[[], None] = lambda: None,
    cache_generation: str = "",
) -> Iterator[CatalogClient]:
    """Yield a client of the Catalog, with these arguments of ``Requester`` and ``CatalogClient``.

    Raises:
        RequestFailed: the address of the Catalog is not set.
    """
    if not access.api_url:
        raise ADDRESS_MISSING.at(setting=access.source)
    requester = Requester(
        log, timeout_seconds=timeout_seconds, retry_deadline_seconds=retry_deadline_seconds, access=access
    )
    with closing(requester):
        yield CatalogClient(
            access.api_url, conf.fields(), requester, heartbeat, cache_generation=cache_generation
        )


@contextmanager
def client_without_retries(catalog: Catalog) -> Iterator[CatalogClient]:
    """Yield a client that repeats a failed request only to replace its access token after HTTP 401.

    Raises:
        RequestFailed: the address of the Catalog is not set.
    """
    seconds = CatalogSyncConfig.current(catalog.name).request_timeout_seconds
    with connected(
        access_to(catalog), EventLog(), timeout_seconds=seconds, retry_deadline_seconds=0
    ) as client:
        yield client


def request_one_course_run(catalog: Catalog) -> ConnectionResult:
    """Test the connection to a Catalog with one request.

    Raises:
        RequestFailed: the Catalog did not return a usable reply.
    """
    with client_without_retries(catalog) as client:
        seconds, page = client.seconds_of(PageRange(0, 1))
    return ConnectionResult(catalog.name, seconds, page.count)
