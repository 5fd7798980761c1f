"""The first-named Catalog that has a usable marketing URL for a course run provides it."""

from __future__ import annotations

import pytest

from catalog_sync.api import pin_marketing_url, unpin_marketing_url, update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews
from tests.several_catalogs.lms import (
    CCX,
    FOREIGN_URL,
    KEY,
    KEYS,
    OTHER,
    PARTNER_URL,
    URL,
    listed_by,
    lists,
    marketing_url,
    provider,
    sync,
)

pytestmark = pytest.mark.django_db

EITHER_ORDER = pytest.mark.parametrize(
    "order", [("default", "partner"), ("partner", "default")], ids="-".join
)


@pytest.fixture(autouse=True)
def courses(partner):
    add_course_overviews(*KEYS)


@EITHER_ORDER
class TestInBoth:
    """Both Catalogs have a URL for the course run."""

    @pytest.fixture(autouse=True)
    def both(self, order, courses, catalog, partner):
        lists(catalog, KEY, url=URL)
        lists(partner, KEY, OTHER, url=PARTNER_URL)
        sync(*order)

    def test_first_named_provides_the_url_and_the_second_what_only_it_lists(self, order):
        assert (marketing_url(), provider(), listed_by()) == (URL, "default", {"default", "partner"})
        assert (marketing_url(OTHER), provider(OTHER)) == (PARTNER_URL, "partner")

    def test_next_syncs_write_and_remove_nothing(self, order):
        reports = [sync(name) for name in (*order, *order)]
        assert [(report.updated, report.removed) for report in reports] == [(0, 0)] * 4

    def test_course_runs_of_both_catalogs_are_not_looked_up(self, order, catalog, partner):
        lists(catalog, *KEYS[:4], url=URL)
        lists(partner, *KEYS, url=PARTNER_URL)
        sync(*order)
        partner.control.clear_requests()
        sync("partner")
        assert all("keys" not in request.params for request in partner.control.requests())

    def test_next_sync_replaces_a_url_that_the_first_catalog_does_not_list_any_more(
        self, order, catalog, partner
    ):
        lists(catalog, OTHER, url=URL)
        update_catalog_data()
        assert (marketing_url(KEY), marketing_url(OTHER)) == (PARTNER_URL, URL)


@EITHER_ORDER
@pytest.mark.parametrize("theirs", [{"url": None}, {"url": URL, "status": "unpublished"}, {"url": "no URL"}])
def test_catalog_without_a_usable_url_does_not_provide_it(order, theirs, catalog, partner):
    lists(catalog, KEY, **theirs)
    lists(partner, KEY, url=PARTNER_URL)
    for name in order:
        update_catalog_data(catalogs=[name])
    assert (marketing_url(), provider()) == (PARTNER_URL, "partner")


class TestFirstNamedComesLater:
    """The first-named Catalog begins to list a course run that the second has provided so far."""

    @pytest.fixture
    def taken(self, catalog, partner):
        lists(partner, KEY, url=PARTNER_URL, content_language="fr")
        sync("partner")
        lists(catalog, KEY, url=URL)
        return sync("default")

    def test_its_url_is_published_and_the_row_of_the_second_stays(self, taken, catalog):
        assert (marketing_url(), taken.updated) == (URL, 1)
        assert CatalogCourseRun.objects.get(catalog="partner").marketing_url == PARTNER_URL
        assert all("keys" not in request.params for request in catalog.control.requests())

    def test_its_other_values_are_published_too(self, taken, catalog, partner, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        lists(catalog, KEY, url=URL, content_language="de")
        sync("partner")
        assert language() != "de"
        sync("default")
        assert language() == "de"

    def test_second_catalog_provides_the_url_once_the_first_is_not_configured_any_more(
        self, taken, partner, configure_only
    ):
        configure_only("partner")
        assert (sync("partner").updated, marketing_url(), provider()) == (1, PARTNER_URL, "partner")

    def test_url_of_the_first_catalog_stays_if_its_new_one_is_rejected(self, taken, catalog, partner):
        lists(catalog, KEY, url="no URL")
        update_catalog_data()
        assert (marketing_url(), provider()) == (URL, "default")


class TestConflict:
    """Both Catalogs have a URL for the course run."""

    @pytest.fixture
    def both(self, catalog, partner):
        lists(catalog, *KEYS, url=URL)
        lists(partner, *KEYS[2:], url=PARTNER_URL)
        sync("default")

    @pytest.mark.parametrize(
        "options",
        [{}, {"page_size": 2}, {"page_size": 2, "dry_run": True}],
        ids=["one page", "pages that overlap", "dry run"],
    )
    def test_is_counted_once_and_is_not_a_failure(self, options, both):
        report = sync("partner", **options)
        assert (report.in_other_catalogs, report.course_runs_retrieved, report.failures) == (6, 6, 0)

    def test_is_logged_once_with_whose_url_is_kept(self, both, caplog):
        sync("partner", page_size=2)
        for key in (KEYS[2], KEYS[4]):
            line = f"event=catalog_sync.course_run_in_two_catalogs run_id={newest_run()} course_key={key}"
            assert caplog.text.count(f"{line} catalog=partner kept=default") == 1

    def test_is_also_counted_by_the_catalog_whose_url_is_kept(self, both, catalog):
        sync("partner")
        assert sync("default").in_other_catalogs == 6

    def test_change_of_priority_is_logged(self, both, configure_only, caplog):
        configure_only("partner", "default")
        sync("partner")
        assert f"course_key={KEYS[2]} catalog=default kept=partner" in caplog.text

    def test_course_run_without_a_url_in_one_catalog_is_not_a_conflict(self, catalog, partner):
        lists(catalog, KEY, url=None)
        lists(partner, KEY, url=PARTNER_URL)
        sync("default")
        assert sync("partner").in_other_catalogs == 0


def language():
    return CourseOverview.objects.get(pk=KEY).language


def newest_run():
    return SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first()


class TestCcx:
    """A CCX course whose parent course run is in one of the Catalogs, or in both."""

    @pytest.fixture(autouse=True)
    def ccx(self, courses):
        CourseOverviewFactory(id=CCX)

    def test_has_the_url_of_its_parent_course_run_from_any_catalog(self, catalog, partner):
        lists(partner, KEY, url=PARTNER_URL)
        sync("partner", "default")
        assert marketing_url(CCX) == PARTNER_URL

    def test_has_the_url_of_the_second_catalog_if_the_first_deletes_the_parent_course_run(
        self, catalog, partner
    ):
        lists(catalog, KEY, url=URL)
        lists(partner, KEY, url=PARTNER_URL)
        sync("partner", "default")
        lists(catalog)
        report = sync("default")
        assert (marketing_url(CCX), report.updated, report.removed) == (PARTNER_URL, 2, 0)

    def test_changes_with_its_parent_course_run_to_another_catalog(self, catalog, partner):
        lists(partner, KEY, url=PARTNER_URL)
        sync("partner")
        lists(catalog, KEY, url=URL)
        sync("default")
        assert marketing_url(CCX) == URL


class TestPinned:
    """A pin belongs to no Catalog, and overrides all of them."""

    def test_overrides_both_catalogs_until_it_is_unpinned(self, catalog, partner):
        pin_marketing_url(KEY, FOREIGN_URL)
        lists(catalog, KEY, url=URL)
        lists(partner, KEY, url=PARTNER_URL)
        sync("partner", "default")
        assert marketing_url() == FOREIGN_URL
        unpin_marketing_url(KEY)
        assert marketing_url() == URL

    def test_stays_if_the_first_catalog_deletes_the_course_run(self, catalog, partner):
        lists(catalog, KEY, url=URL)
        lists(partner, KEY, url=PARTNER_URL)
        sync("partner", "default")
        pin_marketing_url(KEY, FOREIGN_URL)
        lists(catalog)
        report = sync("default")
        assert (marketing_url(), report.updated, report.removed) == (FOREIGN_URL, 0, 0)


def test_ccx_course_is_matched_only_by_the_catalog_of_its_parent_course_run(catalog, partner):
    CourseOverviewFactory(id=CCX)
    lists(catalog, KEY, url=URL)
    lists(partner)
    assert [report.matched for report in update_catalog_data().catalogs] == [2, 0]


def test_catalog_that_is_not_configured_causes_no_conflict(catalog, partner, configure_only):
    lists(catalog, KEY, url=URL)
    sync("default")
    configure_only("partner")
    lists(partner, KEY, url=PARTNER_URL)
    assert (sync("partner").in_other_catalogs, provider()) == (0, "partner")
