"""``manage.py update_catalog_data`` with several Catalogs, in processes of its own."""

from __future__ import annotations

import pytest

from catalog_sync.models import SyncRun
from tests.integration.processes import wait_until
from tests.several_catalogs.lms import KEY, KEYS, PARTNER_URL, URL, lists, marketing_url, provider, sync

pytest_plugins = ["tests.integration.process_fixtures"]


@pytest.fixture
def start(start_sync, courses):
    """Return a function that starts a sync of two Catalogs with these options. Each lists some courses of the LMS."""
    return start_sync


def leases() -> set[str]:
    return set(SyncRun.objects.filter(lease__isnull=False).values_list("lease", flat=True))


class TestReport:
    """The report that a process prints, and its exit status."""

    def test_of_one_catalog_names_it(self, start):
        one = start("--catalog", "partner")
        assert one.wait() == 0
        assert (one.report["catalog"], one.report["updated"]) == ("partner", 5)

    def test_unknown_catalog_is_wrong_usage(self, start):
        wrong = start("--catalog", "other")
        assert wrong.wait() == 2
        assert "Choose from: default, partner" in wrong.err

    def test_exit_status_is_1_if_one_catalog_fails(self, start, catalog):
        catalog.control.fault("status", status=403, times=None)
        failed = start()
        assert failed.wait() == 1
        parts = [(each["catalog"], each["status"]) for each in failed.report["catalogs"]]
        assert parts == [("default", "failed"), ("partner", "succeeded")]


class TestInParallel:
    """Syncs of both Catalogs in parallel, in two processes."""

    @pytest.fixture
    def hanging(self, start, catalog):
        """Start a sync of the first Catalog that waits for a page."""
        catalog.control.fault("hang", match={"path": "/api/v1/course_runs/"}, times=None)
        hanging = start("--catalog", "default")
        wait_until(lambda: leases() == {"default"}, "its lease")
        return hanging

    def test_each_has_its_own_lease(self, hanging, start, partner):
        partner.control.fault("hang", match={"path": "/api/v1/course_runs/"}, times=None)
        start("--catalog", "partner")
        assert wait_until(lambda: leases() == {"default", "partner"}, "both leases")

    def test_sync_of_both_exits_with_75_after_it_has_synced_the_free_one(self, hanging, start):
        assert start().wait() == 75
        assert marketing_url(KEYS[5]) == PARTNER_URL

    def test_sync_that_waits_or_was_killed_does_not_affect_the_other(self, hanging, start):
        assert start("--catalog", "partner").wait() == 0
        hanging.kill()
        assert start("--catalog", "partner").wait() == 0

    def test_both_publish_all_their_urls(self, start):
        pair = [start("--catalog", name, "--page-size", "2") for name in ("default", "partner")]
        assert [each.wait() for each in pair] == [0, 0]
        assert [marketing_url(key) for key in KEYS] == [URL] * 3 + [PARTNER_URL] * 5

    def test_both_retrieve_all_and_publish_the_url_of_the_first_catalog(self, start, catalog, partner):
        lists(catalog, *KEYS, url=URL)
        lists(partner, *KEYS, url=PARTNER_URL)
        pair = [start("--catalog", name, "--page-size", "2") for name in ("partner", "default")]
        assert [each.wait() for each in pair] == [0, 0]
        assert [each.report["course_runs_retrieved"] for each in pair] == [len(KEYS), len(KEYS)]
        assert {(marketing_url(key), provider(key)) for key in KEYS} == {(URL, "default")}


def test_url_that_the_first_catalog_gets_between_look_up_and_removal_stays(start, catalog, partner):
    """The second Catalog deletes a course run. The first one adds it during the look-up by the second one's sync."""
    lists(partner, KEY, url=PARTNER_URL)
    sync("partner")
    lists(partner)
    partner.control.fault("slow", match={"params": {"limit": "200"}}, seconds=3, times=1)
    losing = start("--catalog", "partner")
    wait_until(lambda: any("keys" in each.params for each in partner.control.requests()), "the look-up")
    sync("default")
    assert losing.wait() == 0
    assert (marketing_url(KEY), provider(KEY)) == (URL, "default")
