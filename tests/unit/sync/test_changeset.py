"""What a record is worth: to hold, to reject, and whether it settles that nothing is to be taken away."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.conf import Catalog
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.sync.changeset import compute_changes
from catalog_sync.sync.ownership import Ownership

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
URL, OLD_URL = "https://www.example.com/one", "https://www.example.com/old"
CLAIM = Ownership(Catalog("default"))
UNFIT = "javascript:alert(1)"


def judged(old: CatalogData | None = None, **values):
    """Judge a page of one course run, of which the replica holds ``old``; None: nothing."""
    run = CourseRun(**{"key": KEY, "marketing_url": URL, "status": "published"} | values)
    return compute_changes(
        Page((run,), (), 1, 1), {} if old is None else {KEY: StoredCourseRun(1, old)}, CLAIM
    )


def reasons(changeset):
    return [record.reason for record in changeset.rejected]


class TestHeld:
    """What the replica is to hold."""

    def test_new_run_is_held(self):
        assert judged().changes == {KEY: CatalogData("published", URL)}

    def test_new_run_without_a_url_is_held_too(self):
        assert judged(marketing_url=None).changes == {KEY: CatalogData("published", None)}

    def test_what_is_held_already_is_no_change(self):
        changeset = judged(CatalogData("published", URL))
        assert (changeset.held, changeset.changes) == ({KEY: CatalogData("published", URL)}, {})

    @pytest.mark.parametrize("url", [URL, "https://www.example.com/a", "https://www.example.com/z"])
    def test_another_url_is_a_change(self, url):
        assert judged(CatalogData("published", OLD_URL), marketing_url=url).changes == {
            KEY: CatalogData("published", url)
        }

    def test_what_stays_for_want_of_proof_is_no_change(self):
        assert judged(CatalogData("published", OLD_URL), marketing_url=None).changes == {}

    @pytest.mark.parametrize("status", ["review_by_legal", "reviewed"])
    def test_another_status_is_a_change(self, status, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = None
        assert judged(CatalogData("published", URL), status=status).changes == {KEY: CatalogData(status, URL)}

    @pytest.mark.parametrize(
        "values", [{"marketing_url": None}, {"marketing_url": ""}, {"status": "unpublished"}]
    )
    def test_without_proof_a_url_stays_with_its_status(self, values):
        assert judged(CatalogData("published", OLD_URL), **values).held == {
            KEY: CatalogData("published", OLD_URL)
        }

    def test_status_without_a_url_follows_the_catalog(self):
        assert judged(CatalogData("published"), status="reviewed").held == {KEY: CatalogData("reviewed")}

    def test_missing_status_is_held_as_none(self):
        assert judged(status=None).held == {KEY: CatalogData("", None)}

    @pytest.mark.parametrize(("aid", "held"), [(True, True), (False, False), (None, True)])
    def test_aid_that_is_not_told_stays(self, aid, held):
        old = CatalogData("published", URL, eligible_for_financial_aid=True)
        assert judged(old, eligible_for_financial_aid=aid).held[KEY].eligible_for_financial_aid is held

    @pytest.mark.parametrize(("language", "held"), [("de", "de"), (None, "en")])
    def test_language_that_is_not_told_stays(self, language, held):
        old = CatalogData("published", URL, content_language="en")
        assert judged(old, content_language=language).held[KEY].content_language == held

    def test_every_status_may_count(self, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = None
        assert judged(status="unpublished").held == {KEY: CatalogData("unpublished", URL)}


class TestSettled:
    """Of which keys nothing is to be taken away."""

    @pytest.mark.parametrize("old", [None, CatalogData(), CatalogData("published", OLD_URL)])
    def test_run_with_a_url_is_settled(self, old):
        assert judged(old).confirmed == {KEY}

    @pytest.mark.parametrize("old", [None, CatalogData()])
    def test_run_that_never_had_a_url_is_settled(self, old):
        assert judged(old, marketing_url=None).confirmed == {KEY}

    @pytest.mark.parametrize("values", [{"marketing_url": None}, {"status": "unpublished"}, {"status": None}])
    def test_run_that_lost_its_url_is_not(self, values):
        assert judged(CatalogData("published", OLD_URL), **values).confirmed == set()

    @pytest.mark.parametrize("url", [UNFIT, "data:text/html,hello"])
    def test_another_url_that_is_not_fit_says_nothing_against_the_old_one(self, url):
        assert judged(CatalogData("published", OLD_URL), marketing_url=url).confirmed == {KEY}

    def test_the_very_url_that_is_fit_no_more_is_not_settled(self, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ["elsewhere.example"]
        assert judged(CatalogData("published", URL)).confirmed == set()

    def test_rejected_record_is_settled(self):
        page = Page((), (RejectedRecord(KEY, "no"), RejectedRecord("", "no")), 2, 2)
        assert compute_changes(page, {}, CLAIM).confirmed == {KEY}


class TestRejected:
    """What is not applied, and why."""

    def test_sound_record_is_not(self):
        assert judged().rejected == []

    def test_record_that_was_none_already_is(self):
        record = RejectedRecord(KEY, "no")
        assert compute_changes(Page((), (record,), 1, 1), {}, CLAIM).rejected == [record]

    def test_url_that_is_not_fit_is_told(self):
        assert reasons(judged(marketing_url=UNFIT)) == ["marketing URL: not an absolute http or https URL"]

    def test_url_that_does_not_count_is_not_judged(self):
        assert judged(marketing_url=UNFIT, status="unpublished").rejected == []

    @pytest.mark.parametrize(
        "key",
        ["nonsense", "course-v1:ExampleX+One", f"{KEY}+more", f"{KEY} ", "course-v1:Example X+One+2026"],
    )
    def test_what_is_no_course_key_is_told(self, key):
        changeset = judged(key=key)
        assert (reasons(changeset), changeset.held, changeset.confirmed) == (["not a course key"], {}, {key})

    @pytest.mark.parametrize(
        "key", ["ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7", "course-v1:ÜbungX+Öko+2026"]
    )
    def test_unusual_course_key_is_one(self, key):
        assert judged(key=key).rejected == []

    @pytest.mark.parametrize(
        "values",
        [
            {"key": "course-v1:ExampleX+One\N{ZERO WIDTH SPACE}+2026"},
            {"status": "pub\N{SOFT HYPHEN}lished"},
            {"content_language": "e\N{RIGHT-TO-LEFT OVERRIDE}n"},
        ],
        ids=["key", "status", "language"],
    )
    def test_unprintable_character_is_told(self, values):
        changeset = judged(**values)
        assert (reasons(changeset), changeset.held) == (["unprintable character"], {})

    @pytest.mark.parametrize(
        "values", [{"status": "new\N{SOFT HYPHEN}"}, {"content_language": "e\N{SOFT HYPHEN}"}]
    )
    def test_run_that_was_sound_is_judged_again_where_it_changed(self, values):
        old = CatalogData("published", URL, content_language="en")
        assert reasons(judged(old, **values)) == ["unprintable character"]

    def test_run_that_says_what_was_sound_is_not_judged_again(self):
        """What counts as printable may change with Python."""
        url, status = f"{URL}/\N{SOFT HYPHEN}", "new\N{SOFT HYPHEN}"
        read_again = {"marketing_url": "".join(list(url)), "status": "".join(list(status))}
        assert judged(CatalogData(status, url), **read_again).rejected == []

    def test_neighbors_of_a_rejected_record_are_held(self):
        runs = (CourseRun("nonsense"), CourseRun(KEY, URL, "published"))
        assert compute_changes(Page(runs, (), 2, 2), {}, CLAIM).held == {KEY: CatalogData("published", URL)}


class TestShown:
    """What course overviews are to show."""

    def test_is_what_is_held(self):
        changeset = judged()
        assert (changeset.shown, changeset.unconfirmed) == (changeset.held, set())

    def test_url_that_stays_for_want_of_proof_goes_nowhere_else(self):
        changeset = judged(CatalogData("published", OLD_URL), marketing_url=None)
        assert (changeset.unconfirmed, changeset.shown) == ({KEY}, {KEY: CatalogData("published", None)})


class TestOfAnotherCatalog:
    """A course run whose row is another Catalog's than the one that lists it now."""

    @pytest.fixture
    def judged(self, settings):
        names = ("alpha", "beta")
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example.com"} for name in names}

        def judge_for_beta(owner, held, **values):
            run = CourseRun(**{"key": KEY, "marketing_url": URL, "status": "published"} | values)
            page = Page((run, CourseRun(OTHER, URL, "published")), (), 2, 2)
            row = StoredCourseRun(1, held, catalog=owner)
            return compute_changes(page, {KEY: row}, Ownership.of(Catalog("beta")))

        return judge_for_beta

    def test_stays_as_it_is(self, judged):
        changeset = judged("alpha", CatalogData("published", OLD_URL))
        assert (changeset.held[KEY], KEY in changeset.changes) == (CatalogData("published", OLD_URL), False)

    def test_is_settled(self, judged):
        assert KEY in judged("alpha", CatalogData("published", OLD_URL)).confirmed

    def test_is_contested(self, judged):
        assert judged("alpha", CatalogData("published", OLD_URL)).conflicts.keys() == {KEY}

    def test_neighbors_are_held(self, judged):
        assert OTHER in judged("alpha", CatalogData("published", OLD_URL)).changes

    def test_without_a_url_on_this_side_is_not_contested(self, judged):
        changeset = judged("alpha", CatalogData("published", OLD_URL), marketing_url=None)
        assert (changeset.conflicts, changeset.held[KEY]) == ({}, CatalogData("published", OLD_URL))

    def test_without_a_url_on_the_other_side_is_taken_over(self, judged):
        changeset = judged("alpha", CatalogData("published", None))
        assert (changeset.conflicts, changeset.changes[KEY]) == ({}, CatalogData("published", URL))

    def test_that_is_named_no_more_is_taken_over(self, judged):
        changeset = judged("old", CatalogData("published", OLD_URL))
        assert (changeset.conflicts, changeset.changes[KEY]) == ({}, CatalogData("published", URL))

    def test_that_said_the_same_is_taken_over_all_the_same(self, judged):
        assert judged("old", CatalogData("published", URL)).changes[KEY] == CatalogData("published", URL)
