"""What a record is worth: to hold, to reject, and whether it settles that nothing is to be taken away."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.sync.changeset import compute_changes

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
URL, OLD_URL = "https://www.example.com/one", "https://www.example.com/old"
UNFIT = "javascript:alert(1)"


def judged(old: CatalogData | None = None, **values):
    """Judge a page of one course run, of which the replica holds ``old``; None: nothing."""
    run = CourseRun(**{"key": KEY, "marketing_url": URL, "status": "published"} | values)
    return compute_changes(
        Page((run,), (), 1, 1), {} if old is None else {KEY: StoredCourseRun(1, "default", old)}
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
        assert (changeset.data, changeset.changes) == ({KEY: CatalogData("published", URL)}, {})

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
        assert judged(CatalogData("published", OLD_URL), **values).data == {
            KEY: CatalogData("published", OLD_URL)
        }

    def test_status_without_a_url_follows_the_catalog(self):
        assert judged(CatalogData("published"), status="reviewed").data == {KEY: CatalogData("reviewed")}

    def test_missing_status_is_held_as_none(self):
        assert judged(status=None).data == {KEY: CatalogData("", None)}

    @pytest.mark.parametrize(("aid", "held"), [(True, True), (False, False), (None, True)])
    def test_aid_that_is_not_told_stays(self, aid, held):
        old = CatalogData("published", URL, eligible_for_financial_aid=True)
        assert judged(old, eligible_for_financial_aid=aid).data[KEY].eligible_for_financial_aid is held

    @pytest.mark.parametrize(("language", "held"), [("de", "de"), (None, "en")])
    def test_language_that_is_not_told_stays(self, language, held):
        old = CatalogData("published", URL, content_language="en")
        assert judged(old, content_language=language).data[KEY].content_language == held

    def test_every_status_may_count(self, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = None
        assert judged(status="unpublished").data == {KEY: CatalogData("unpublished", URL)}


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
        assert compute_changes(page, {}).confirmed == {KEY}


class TestRejected:
    """What is not applied, and why."""

    def test_sound_record_is_not(self):
        assert judged().rejected == []

    def test_record_that_was_none_already_is(self):
        record = RejectedRecord(KEY, "no")
        assert compute_changes(Page((), (record,), 1, 1), {}).rejected == [record]

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
        assert (reasons(changeset), changeset.data, changeset.confirmed) == (["not a course key"], {}, {key})

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
        assert (reasons(changeset), changeset.data) == (["unprintable character"], {})

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
        assert compute_changes(Page(runs, (), 2, 2), {}).data == {KEY: CatalogData("published", URL)}


class TestUnconfirmed:
    """Course keys whose marketing URL only a look-up by key may remove."""

    def test_is_empty_if_the_page_has_the_url(self):
        assert judged().unconfirmed == set()

    def test_is_the_key_whose_url_the_page_does_not_have_any_more(self):
        assert judged(CatalogData("published", OLD_URL), marketing_url=None).unconfirmed == {KEY}
