"""Catalogs that are used for some organizations only (``ORGS``)."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from tests.factories import CourseOverviewFactory
from tests.several_catalogs.lms import KEY, KEYS, PARTNER_URL, lists, marketing_url, sync

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("courses")]


class TestOrganizations:
    """Each Catalog has another organization in its ``ORGS``."""

    @pytest.fixture(autouse=True)
    def orgs(self, courses, partner, set_orgs):
        set_orgs(default=["ExampleX"], partner=["PartnerX"])
        self.theirs = "course-v1:PartnerX+C1+2026"
        CourseOverviewFactory(id=self.theirs)
        lists(partner, *KEYS, self.theirs, url=PARTNER_URL)

    @pytest.mark.parametrize("page_size", [3, 50], ids=["pages that overlap", "one page"])
    def test_course_run_of_another_organization_is_ignored_and_counted_once(self, page_size):
        report = sync("partner", page_size=page_size)
        assert (marketing_url(KEY), marketing_url(self.theirs)) == (None, PARTNER_URL)
        assert (report.of_other_orgs, report.course_runs_retrieved, report.failures) == (8, 1, 0)

    @pytest.mark.parametrize("url", ["no URL", 7])
    def test_malformed_record_of_another_is_not_rejected(self, partner, url):
        lists(partner, "course-v1:ExampleX+Bad+2026", url=url)
        assert sync("partner").course_runs_rejected == 0

    def test_malformed_record_without_a_key_is_rejected(self, partner):
        lists(partner, "", url=PARTNER_URL)
        assert update_catalog_data(catalogs=["partner"]).course_runs_rejected == 1

    def test_url_is_removed_when_its_organization_leaves_orgs(self, set_orgs):
        set_orgs(partner=["ExampleX", "PartnerX"])
        sync("partner")
        set_orgs(partner=["PartnerX"])
        sync("partner")
        assert (marketing_url(KEYS[4]), marketing_url(self.theirs)) == (None, PARTNER_URL)

    def test_change_of_another_organization_is_ignored(self, partner):
        sync("partner")
        partner.control.upsert([{"key": KEY, "marketing_url": f"{PARTNER_URL}/new"}])
        assert sync("partner", changed=True).updated == 0
