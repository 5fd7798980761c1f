"""Two that write the same rows at the same time: no marketing URL and no configuration is lost."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.db.models.signals import pre_save
from django.urls import reverse

from catalog_sync.api import update_catalog_data
from catalog_sync.exceptions import UsageError
from catalog_sync.models import CatalogSyncConfig, PinnedMarketingUrl
from catalog_sync.store import publishing
from sandbox.lms.course_overviews.models import CourseOverview
from tests.admin_client import CONFIGURATION, client_of
from tests.integration.lms import marketing_urls
from tests.integration.locks import KEYS, OTHER_URL, URL, RowLock, set_pin
from tests.integration.processes import Worker, wait_until_blocked

pytest_plugins = ["tests.integration.locks"]


class TestPinsInATransactionOfTheHost:
    """Every sync would wait for the locks of the pin until the transaction ends."""

    @pytest.mark.parametrize("url", [URL, None], ids=["pin", "unpin"])
    def test_are_refused(self, url, courses):
        with transaction.atomic(), pytest.raises(UsageError, match="inside a transaction"):
            set_pin(url)

    def test_admin_pins_outside_the_transaction_of_a_request(self, courses, admin_client, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        pin = {"course_key": KEYS[0], "url": URL}
        admin_client.post(reverse("admin:catalog_sync_pinnedmarketingurl_pin"), pin)
        assert marketing_urls()[KEYS[0]] == URL
        pin = PinnedMarketingUrl.objects.get()
        admin_client.post(reverse("admin:catalog_sync_pinnedmarketingurl_unpin", args=[pin.pk]))
        assert not PinnedMarketingUrl.objects.exists()


@pytest.mark.services
def test_url_that_a_sync_writes_during_clearing_is_kept(courses):
    """There is no sync run yet when the publisher reads them, so it waits for none."""
    syncs = []

    def sync_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and CourseOverview._meta.db_table in sql and not syncs:
            syncs.append(Worker(update_catalog_data))
            syncs[0].finish()
        return execute(sql, params, many, context)

    CourseOverview.objects.filter(pk=KEYS[0]).update(marketing_url=URL)
    with connection.execute_wrapper(sync_first):
        publishing.republish(KEYS[0], URL)
    assert (len(syncs), marketing_urls()[KEYS[0]]) == (1, URL)


def unpin_with_previous_url(key, url):
    publishing.wait_and_publish_with_ccx(key, url, "https://www.example.com/previous")


@pytest.mark.parametrize(
    "publish", [publishing.republish, publishing.wait_and_publish_with_ccx, unpin_with_previous_url]
)
def test_url_that_another_tool_commits_while_a_url_is_replaced_stays(publish, courses):
    """The replacement waits for the lock of the other tool, and then finds the URL of that tool."""
    CourseOverview.objects.filter(pk=KEYS[0]).update(marketing_url=URL)
    lock = RowLock(CourseOverview.objects.filter(pk=KEYS[0]), marketing_url=OTHER_URL)
    publisher = Worker(lambda: publish(KEYS[0], URL))
    wait_until_blocked()
    lock.release()
    publisher.finish()
    assert marketing_urls()[KEYS[0]] == OTHER_URL


def test_second_of_two_simultaneous_saves_of_the_configuration_is_refused(shared_database):
    client, replies = client_of("add_catalogsyncconfig", "view_catalogsyncconfig"), {}
    is_saving, may_save = threading.Event(), threading.Event()

    def pause(**arguments: object) -> None:
        if not is_saving.is_set():
            is_saving.set()
            assert may_save.wait(60)

    def save(page_size: str) -> None:
        form = CONFIGURATION | {"based_on": "0", "page_size": page_size}
        address = reverse("admin:catalog_sync_catalogsyncconfig_add")
        replies[page_size] = client.post(address, form)

    pre_save.connect(pause, sender=CatalogSyncConfig)
    try:
        first = Worker(lambda: save("600"))
        assert is_saving.wait(60)
        second = Worker(lambda: save("700"))
        wait_until_blocked()
    finally:
        may_save.set()
        pre_save.disconnect(pause, sender=CatalogSyncConfig)
    first.finish()
    second.finish()
    assert [row.page_size for row in CatalogSyncConfig.objects.all()] == [600]
    assert (replies["600"].status_code, "Not saved" in replies["700"].content.decode()) == (302, True)
