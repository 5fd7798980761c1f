"""The sync of a Catalog removes no marketing URL that another Catalog provides, or may provide with its next sync."""

from __future__ import annotations

import pytest

from catalog_sync.api import sync_run_changes, update_catalog_data
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs
from catalog_sync.store.changes import Change
from catalog_sync.store.course_runs import CatalogData
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


@pytest.fixture(autouse=True)
def courses(partner, catalog):
    """Sync one course run from the first Catalog, and one from the second."""
    add_course_overviews(*KEYS, CCX)
    lists(catalog, KEY, url=URL)
    lists(partner, OTHER, url=PARTNER_URL)
    update_catalog_data()


class TestLost:
    """The Catalog that provided a marketing URL does not have it any more."""

    def test_deleted_course_run_and_its_ccx_courses_lose_the_url(self, catalog):
        lists(catalog)
        assert (sync("default").removed, marketing_url(), marketing_url(CCX)) == (2, None, None)
        assert marketing_url(OTHER) == PARTNER_URL

    def test_url_stays_while_the_other_catalog_is_synced(self, catalog, partner):
        lists(catalog)
        partner.control.clear_requests()
        sync("partner")
        assert (marketing_url(), provider()) == (URL, "default")
        assert all("keys" not in request.params for request in partner.control.requests())

    @pytest.mark.parametrize("theirs", [{"url": None}, {"url": URL, "status": "unpublished"}])
    def test_listed_course_run_without_a_url_loses_it(self, catalog, theirs):
        lists(catalog, KEY, **theirs)
        sync("default")
        assert (marketing_url(), provider()) == (None, "default")

    def test_absent_course_run_is_found_although_the_other_catalog_lists_a_new_one_meanwhile(self, catalog):
        lists(catalog, KEY, KEYS[2], url=URL)
        sync("default")
        lists(catalog, KEY, url=URL)
        listed = {KEYS[3]: CatalogData("published", PARTNER_URL)}
        sync("default", on_progress=lambda *_: course_runs.record(listed, "partner"))
        assert marketing_url(KEYS[2]) is None

    @pytest.fixture
    def both(self, catalog, partner):
        lists(catalog, KEY, KEYS[2], url=URL)
        lists(partner, KEY, OTHER, url=PARTNER_URL)
        update_catalog_data()
        lists(catalog, KEYS[2], url=URL)

    @pytest.mark.parametrize("page_size", [2, 50])
    def test_url_is_replaced_by_that_of_the_other_catalog_in_the_same_sync(self, both, page_size):
        report = sync("default", page_size=page_size)
        assert (marketing_url(), marketing_url(CCX), report.removed, report.updated) == (
            PARTNER_URL,
            PARTNER_URL,
            0,
            2,
        )

    @pytest.mark.parametrize("theirs", [{"url": None}, {"url": URL, "status": "unpublished"}])
    def test_url_is_replaced_if_the_course_run_is_still_listed_without_one(self, both, catalog, theirs):
        lists(catalog, KEY, **theirs)
        assert (sync("default").updated, marketing_url()) == (2, PARTNER_URL)

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_replaced_url_is_among_the_changes(self, both, dry_run):
        changes = sync_run_changes(sync("default", dry_run=dry_run).run_id)
        assert Change(KEY, "changed", URL, PARTNER_URL, "") in changes

    def test_dry_run_counts_the_replaced_url_as_the_sync_does(self, both):
        names = ("updated", "removed", "matched", "requests")
        dry, applied = sync("default", dry_run=True), sync("default")
        assert [getattr(dry, name) for name in names] == [getattr(applied, name) for name in names]

    def test_replaced_urls_do_not_count_towards_the_removal_limit(self, catalog, partner):
        many = [f"course-v1:ExampleX+Many{number}+2026" for number in range(15)]
        add_course_overviews(*many)
        lists(catalog, *many, url=URL)
        lists(partner, *many, url=PARTNER_URL)
        update_catalog_data()
        lists(catalog)
        assert (sync("default").updated, marketing_url(many[0])) == (15, PARTNER_URL)

    def test_removal_in_the_second_catalog_keeps_the_url_of_the_first(self, both, catalog, partner):
        lists(catalog, KEY, url=URL)
        lists(partner)
        report = sync("partner")
        assert (marketing_url(), report.removed, report.updated) == (URL, 1, 0)

    def test_command_replaces_the_url_by_that_of_the_other_catalog(self, catalog, partner):
        lists(catalog)
        lists(partner, KEY, url=PARTNER_URL)
        update_catalog_data()
        assert (marketing_url(), marketing_url(CCX)) == (PARTNER_URL, PARTNER_URL)

    def test_row_without_url_of_the_other_stays(self, catalog, partner):
        lists(partner, OTHER, url=None)
        sync("partner", "default")
        assert provider(OTHER) == "partner"


class TestForeign:
    """A URL that is stored for no Catalog."""

    @pytest.fixture(autouse=True)
    def foreign(self, courses):
        CourseOverview.objects.filter(pk=KEYS[5]).update(marketing_url=FOREIGN_URL)

    @pytest.mark.parametrize("options", [{}, {"course_keys": [KEYS[5]]}], ids=["full sync", "look-up"])
    def test_is_kept_if_both_catalogs_cover_the_organization(self, options):
        update_catalog_data(**options)
        assert marketing_url(KEYS[5]) == FOREIGN_URL

    @pytest.mark.parametrize("name", ["default", "partner"])
    def test_is_kept_if_orgs_of_both_catalogs_have_the_organization(self, name, set_orgs):
        set_orgs(default=["ExampleX"], partner=["ExampleX", "PartnerX"])
        sync(name)
        assert marketing_url(KEYS[5]) == FOREIGN_URL

    def test_is_removed_if_one_catalog_covers_it(self, set_orgs):
        set_orgs(partner=["PartnerX"])
        sync("default")
        assert marketing_url(KEYS[5]) is None

    def test_is_kept_by_a_catalog_that_does_not_cover_it(self, set_orgs):
        set_orgs(default=["ExampleX"], partner=["PartnerX"])
        lists_nothing = sync("partner")
        assert (lists_nothing.removed, marketing_url(KEYS[5])) == (1, FOREIGN_URL)

    def test_is_removed_if_only_one_catalog_is_configured(self, configure_only):
        configure_only("default")
        sync("default")
        assert marketing_url(KEYS[5]) is None

    @pytest.mark.parametrize(("orgs", "url"), [(None, FOREIGN_URL), (["PartnerX"], None)])
    def test_of_a_ccx_course_is_kept_if_both_catalogs_cover_the_organization(self, orgs, url, set_orgs):
        ccx = "ccx-v1:ExampleX+C05+2026+ccx@1"
        CourseOverviewFactory(id=ccx, marketing_url=FOREIGN_URL)
        set_orgs(partner=orgs)
        sync("default", "partner")
        assert marketing_url(ccx) == url

    def test_of_another_catalog_is_stored_again_if_its_row_was_deleted(self):
        CatalogCourseRun.objects.filter(course_key=OTHER).delete()
        sync("default", "partner")
        assert (marketing_url(OTHER), provider(OTHER)) == (PARTNER_URL, "partner")


class TestNotNamedAnyMore:
    """A URL that a former Catalog provided, which the settings do not name any more."""

    @pytest.fixture(autouse=True)
    def former(self, configure_only):
        configure_only("default")

    def test_url_stays(self):
        assert (sync("default").removed, marketing_url(OTHER)) == (0, PARTNER_URL)

    def test_url_is_removed_if_a_look_up_in_the_only_catalog_does_not_find_the_course_run(self):
        assert (sync("default", course_keys=[OTHER]).removed, marketing_url(OTHER), provider(OTHER)) == (
            1,
            None,
            None,
        )

    def test_url_is_removed_after_the_rows_of_the_former_catalog_are_deleted(self):
        CatalogCourseRun.objects.filter(catalog="partner").delete()
        sync("default")
        assert marketing_url(OTHER) is None


class TestNotNamedAnyMoreInBoth:
    """A former Catalog and a current one had a URL for the same course run."""

    @pytest.fixture(autouse=True)
    def former(self, catalog, partner, configure_only):
        lists(partner, KEY, OTHER, url=PARTNER_URL)
        sync("partner")
        configure_only("default")

    @pytest.mark.parametrize("theirs", [[], [{"key": KEY, "marketing_url": None}]], ids=["lost", "no URL"])
    def test_url_and_former_row_are_removed_if_the_current_catalog_has_no_url(self, catalog, theirs):
        catalog.control.set_runs(theirs)
        report = sync("default")
        assert (marketing_url(), marketing_url(CCX), report.removed, report.updated) == (None, None, 2, 0)
        assert "partner" not in listed_by(KEY)

    def test_other_rows_of_the_former_catalog_stay(self, catalog):
        lists(catalog)
        sync("default")
        assert (marketing_url(OTHER), listed_by(OTHER)) == (PARTNER_URL, {"partner"})

    def test_row_stays_while_the_named_catalog_lists_the_course_run(self):
        sync("default")
        assert (marketing_url(), listed_by()) == (URL, {"default", "partner"})

    def test_dry_run_counts_the_same(self, catalog):
        lists(catalog)
        names = ("updated", "removed", "matched", "requests")
        dry, applied = sync("default", dry_run=True), sync("default")
        assert [getattr(dry, name) for name in names] == [getattr(applied, name) for name in names]

    def test_url_of_the_former_catalog_is_used_if_two_catalogs_are_configured(self, catalog, settings):
        named = settings.CATALOG_SYNC_CATALOGS
        settings.CATALOG_SYNC_CATALOGS = named | {"third": named["default"]}
        lists(catalog)
        report = sync("default")
        assert (marketing_url(), report.removed, report.updated) == (PARTNER_URL, 0, 2)

    @pytest.mark.parametrize("others", [{}, {"third": ["OtherX"]}], ids=["one Catalog", "several"])
    def test_many_removals_are_refused(self, catalog, settings, others):
        entry = settings.CATALOG_SYNC_CATALOGS["default"]
        orgs = {"default": ["ExampleX"], **others}
        settings.CATALOG_SYNC_CATALOGS = {name: entry | {"ORGS": some} for name, some in orgs.items()}
        keys = [f"course-v1:ExampleX+Many{number}+2026" for number in range(15)]
        add_course_overviews(*keys)
        lists(catalog, *keys, url=URL)
        sync("default", allow_removals=True)
        course_runs.record(dict.fromkeys(keys, CatalogData("published", PARTNER_URL)), "partner")
        lists(catalog)
        report = update_catalog_data(catalogs=["default"])
        assert (report.status, marketing_url(keys[0])) == ("refused", URL)
        # The 16th is that of ``OTHER``.
        assert "remove 15 of 16 marketing URLs" in report.message

    def test_many_removals_of_urls_of_a_former_catalog_are_refused_by_key(self, settings):
        entry = settings.CATALOG_SYNC_CATALOGS["default"]
        orgs = {"default": ["ExampleX"], "third": ["OtherX"]}
        settings.CATALOG_SYNC_CATALOGS = {name: entry | {"ORGS": some} for name, some in orgs.items()}
        keys = [f"course-v1:ExampleX+Many{number}+2026" for number in range(15)]
        add_course_overviews(*keys, marketing_url=PARTNER_URL)
        course_runs.record(dict.fromkeys(keys, CatalogData("published", PARTNER_URL)), "partner")
        report = update_catalog_data(catalogs=["default"], course_keys=keys)
        # The other three are those of ``KEY``, of its CCX course and of ``OTHER``.
        assert "remove 15 of 18 marketing URLs" in report.message


class TestOtherValues:
    """The other mapped fields, if no Catalog has a URL any more."""

    @pytest.fixture(autouse=True)
    def language(self, courses, settings, catalog, partner):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        lists(catalog, KEY, url=URL, content_language="de")
        lists(partner, KEY, OTHER, content_language="fr")
        update_catalog_data(allow_removals=True)

    def test_are_those_of_the_other_catalog(self, catalog):
        assert language() == "de"
        lists(catalog)
        report = sync("default")
        assert (marketing_url(), language(), report.removed, report.updated) == (None, "fr", 2, 0)

    def test_are_those_of_the_first_named_if_the_second_still_lists_it(self, catalog, partner):
        lists(catalog, KEY, content_language="de")
        lists(partner, KEY, url=PARTNER_URL, content_language="fr")
        update_catalog_data()
        assert language() == "fr"
        lists(partner, KEY, content_language="fr")
        sync("partner")
        assert (marketing_url(), language()) == (None, "de")

    def test_dry_run_counts_the_same(self, catalog):
        lists(catalog)
        dry, applied = sync("default", dry_run=True), sync("default")
        assert (dry.updated, dry.removed) == (applied.updated, applied.removed)


def language(key: str = KEY) -> str | None:
    return CourseOverview.objects.get(pk=key).language


class TestByKey:
    """``--course-key`` looks the course run up in each Catalog."""

    @pytest.mark.parametrize(("key", "url"), [(KEY, URL), (OTHER, PARTNER_URL)])
    def test_keeps_a_url_that_one_catalog_has(self, key, url):
        update_catalog_data(course_keys=[key])
        assert marketing_url(key) == url

    def test_publishes_a_url_that_one_catalog_has(self, partner):
        lists(partner, OTHER, KEYS[4], url=PARTNER_URL)
        assert update_catalog_data(course_keys=[KEYS[4]]).updated == 1

    def test_removes_a_url_that_no_catalog_has_any_more(self, partner):
        lists(partner)
        assert (update_catalog_data(course_keys=[OTHER]).removed, marketing_url(OTHER)) == (1, None)

    def test_course_runs_of_another_catalog_do_not_count_as_removals(self, catalog, partner):
        keys = [f"course-v1:ExampleX+Many{number}+2026" for number in range(15)]
        add_course_overviews(*keys)
        lists(partner, *keys, url=PARTNER_URL)
        sync("partner", allow_removals=True)
        assert sync("default", course_keys=keys).removed == 0

    def test_sends_no_request_to_a_catalog_whose_orgs_lack_the_organization(self, set_orgs, catalog):
        set_orgs(default=["AnotherX"])
        catalog.control.clear_requests()
        report = update_catalog_data(course_keys=[OTHER])
        assert (catalog.control.requests("/api/v1/course_runs/"), report.of_other_orgs) == ([], 1)


class TestShare:
    """A small Catalog beside a large one. The list of the small one is incomplete."""

    @pytest.mark.parametrize(("small", "large"), [("partner", "default"), ("default", "partner")])
    def test_is_refused_with_the_share_of_this_catalog(self, small, large, catalog, partner):
        many = [f"course-v1:ExampleX+Many{number}+2026" for number in range(200)]
        add_course_overviews(*many, marketing_url=URL)
        course_runs.record(dict.fromkeys(many, CatalogData("published", URL)), large)
        few = [f"course-v1:PartnerX+C{number:02}+2026" for number in range(12)]
        add_course_overviews(*few)
        control = {"default": catalog, "partner": partner}[small]
        lists(control, *few, url=PARTNER_URL)
        sync(small, allow_removals=True)
        lists(control)
        report = update_catalog_data(catalogs=[small])
        assert (report.status, "remove 12 of 12 marketing URLs" in report.message) == ("refused", True)

    def test_ccx_courses_count_as_removals(self, catalog):
        add_course_overviews(*(f"ccx-v1:ExampleX+C00+2026+ccx@{number}" for number in range(2, 14)))
        sync("default")
        lists(catalog)
        report = update_catalog_data(catalogs=["default"])
        assert (report.status, "remove 14 of 14 marketing URLs" in report.message) == ("refused", True)

    def test_few_course_runs_with_many_ccx_courses_are_not_refused(self, catalog, partner):
        theirs = [f"course-v1:PartnerX+D{number:02}+2026" for number in range(24)]
        add_course_overviews(*theirs, *(f"ccx-v1:{key[10:]}+ccx@{n}" for key in theirs for n in range(9)))
        lists(partner, *theirs, url=PARTNER_URL)
        sync("partner", allow_removals=True)
        lists(partner, *theirs[2:], url=PARTNER_URL)
        assert sync("partner").removed == 20
