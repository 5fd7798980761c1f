"""``manage.py update_catalog_data`` with several Catalogs, in processes of its own."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog_sync.models import SyncRun
from tests.integration.processes import wait_until
from tests.several_catalogs.lms import KEY, KEYS, PARTNER_URL, URL, lists, marketing_url, provider, sync

NEW_PARTNER_URL = "https://www.example.com/new"

pytest_plugins = ["tests.integration.process_fixtures"]


@pytest.fixture
def start(start_sync, courses):
    """Return a function that starts a sync of two Catalogs with these options. Each lists some courses of the LMS."""
    return start_sync


def leases() -> set[str]:
    return set(SyncRun.objects.filter(lease__isnull=False).values_list("lease", flat=True))


@pytest.mark.django_db
class TestExitStatus:
    """The exit status of the exception that the command raises. Other tests prove that a process exits with it."""

    def test_of_an_unknown_catalog_is_that_of_wrong_usage(self, courses):
        with pytest.raises(CommandError, match="Choose from: default, partner") as raised:
            call_command("update_catalog_data", "--catalog", "other")
        assert raised.value.returncode == 2

    def test_is_1_if_one_catalog_fails(self, courses, catalog):
        catalog.control.fault("status", status=403, times=None)
        with pytest.raises(CommandError) as raised:
            call_command("update_catalog_data", "--json", stdout=(out := StringIO()))
        parts = [(each["catalog"], each["status"]) for each in json.loads(out.getvalue())["catalogs"]]
        assert (raised.value.returncode, parts) == (1, [("default", "failed"), ("partner", "succeeded")])


def test_sync_that_waits_or_was_killed_does_not_affect_that_of_the_other_catalog(start, catalog, partner):
    catalog.control.fault("hang", match={"path": "/api/v1/course_runs/"}, times=None)
    hanging = start("--catalog", "default")
    wait_until(lambda: leases() == {"default"}, "its lease")
    partner.control.fault("hang", match={"path": "/api/v1/course_runs/"}, times=None)
    other = start("--catalog", "partner")
    wait_until(lambda: leases() == {"default", "partner"}, "both leases")
    partner.control.clear_faults()  # ends the request, which is repeated
    assert other.wait() == 0
    lists(partner, *KEYS[3:], url=NEW_PARTNER_URL)
    both = start()
    assert (both.wait(), marketing_url(KEYS[5])) == (75, NEW_PARTNER_URL)
    parts = [(each["catalog"], each["status"]) for each in both.report["catalogs"]]
    assert parts == [("default", "skipped"), ("partner", "succeeded")]
    assert hanging.process.poll() is None
    hanging.kill()
    assert start("--catalog", "partner").wait() == 0


def test_syncs_in_parallel_retrieve_all_and_publish_the_urls_of_the_first_catalog(start, catalog, partner):
    lists(catalog, *KEYS[:6], url=URL)
    lists(partner, *KEYS, url=PARTNER_URL)
    pair = [start("--catalog", name, "--page-size", "2") for name in ("partner", "default")]
    assert [each.wait() for each in pair] == [0, 0]
    retrieved = [(each.report["catalog"], each.report["course_runs_retrieved"]) for each in pair]
    assert retrieved == [("partner", 8), ("default", 6)]
    published = [(marketing_url(key), provider(key)) for key in KEYS]
    assert published == [(URL, "default")] * 6 + [(PARTNER_URL, "partner")] * 2


def test_url_that_the_first_catalog_gets_between_look_up_and_removal_stays(start, catalog, partner):
    """The second Catalog deletes a course run. The first one adds it during the look-up by the second one's sync."""
    lists(partner, KEY, url=PARTNER_URL)
    sync("partner")
    lists(partner)
    partner.control.fault("slow", match={"params": {"limit": "200"}}, seconds=1.5, times=1)
    losing = start("--catalog", "partner")
    wait_until(lambda: any("keys" in each.params for each in partner.control.requests()), "the look-up")
    sync("default")
    assert losing.wait() == 0
    assert (marketing_url(KEY), provider(KEY)) == (URL, "default")
