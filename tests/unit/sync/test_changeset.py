"""What a page changes in the stored course runs, which records it rejects, and which URLs it confirms."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.sync.changeset import Rejected, compute_changes

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
URL, OLD_URL = "https://www.example.com/one", "https://www.example.com/old"
INVALID = "javascript:alert(1)"


def changeset_of(old: CatalogData | None = None, **values):
    """Return the changeset of a page of one course run, for which ``old`` is stored; None: nothing is stored."""
    run = CourseRun(**{"key": KEY, "marketing_url": URL, "status": "published"} | values)
    return compute_changes(
        Page((run,), (), 1, 1), {} if old is None else {KEY: StoredCourseRun(1, "default", old)}
    )


def reasons(changeset):
    return [record.reason for record in changeset.rejected]


class TestStoredData:
    """What is to be stored."""

    def test_new_course_run_is_stored(self):
        assert changeset_of().changes == {KEY: CatalogData("published", URL)}

    def test_new_course_run_without_a_url_is_stored(self):
        assert changeset_of(marketing_url=None).changes == {KEY: CatalogData("published", None)}

    def test_same_data_is_not_a_change(self):
        changeset = changeset_of(CatalogData("published", URL))
        assert (changeset.data, changeset.changes) == ({KEY: CatalogData("published", URL)}, {})

    @pytest.mark.parametrize("url", [URL, "https://www.example.com/a", "https://www.example.com/z"])
    def test_another_url_is_a_change(self, url):
        assert changeset_of(CatalogData("published", OLD_URL), marketing_url=url).changes == {
            KEY: CatalogData("published", url)
        }

    def test_unconfirmed_removal_of_a_url_is_not_a_change(self):
        assert changeset_of(CatalogData("published", OLD_URL), marketing_url=None).changes == {}

    @pytest.mark.parametrize("status", ["review_by_legal", "reviewed"])
    def test_another_status_is_a_change(self, status, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = None
        assert changeset_of(CatalogData("published", URL), status=status).changes == {
            KEY: CatalogData(status, URL)
        }

    @pytest.mark.parametrize(
        "values", [{"marketing_url": None}, {"marketing_url": ""}, {"status": "unpublished"}]
    )
    def test_unconfirmed_removal_keeps_the_url_and_the_status(self, values):
        assert changeset_of(CatalogData("published", OLD_URL), **values).data == {
            KEY: CatalogData("published", OLD_URL)
        }

    def test_status_without_a_url_follows_the_catalog(self):
        assert changeset_of(CatalogData("published"), status="reviewed").data == {
            KEY: CatalogData("reviewed")
        }

    def test_missing_status_is_stored_as_empty_text(self):
        assert changeset_of(status=None).data == {KEY: CatalogData("", None)}

    @pytest.mark.parametrize(("aid", "stored"), [(True, True), (False, False), (None, True)])
    def test_missing_financial_aid_keeps_the_stored_value(self, aid, stored):
        old = CatalogData("published", URL, eligible_for_financial_aid=True)
        assert (
            changeset_of(old, eligible_for_financial_aid=aid).data[KEY].eligible_for_financial_aid is stored
        )

    @pytest.mark.parametrize(("language", "stored"), [("de", "de"), (None, "en")])
    def test_missing_language_keeps_the_stored_value(self, language, stored):
        old = CatalogData("published", URL, content_language="en")
        assert changeset_of(old, content_language=language).data[KEY].content_language == stored

    def test_every_status_has_a_url_if_the_setting_is_none(self, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = None
        assert changeset_of(status="unpublished").data == {KEY: CatalogData("unpublished", URL)}


class TestConfirmed:
    """The course keys from which nothing is removed."""

    @pytest.mark.parametrize("old", [None, CatalogData(), CatalogData("published", OLD_URL)])
    def test_course_run_with_a_url_is_confirmed(self, old):
        assert changeset_of(old).confirmed == {KEY}

    @pytest.mark.parametrize("old", [None, CatalogData()])
    def test_course_run_that_never_had_a_url_is_confirmed(self, old):
        assert changeset_of(old, marketing_url=None).confirmed == {KEY}

    @pytest.mark.parametrize("values", [{"marketing_url": None}, {"status": "unpublished"}, {"status": None}])
    def test_course_run_that_lost_its_url_is_not_confirmed(self, values):
        assert changeset_of(CatalogData("published", OLD_URL), **values).confirmed == set()

    @pytest.mark.parametrize("url", [INVALID, "data:text/html,hello"])
    def test_invalid_new_url_confirms_the_stored_one(self, url):
        assert changeset_of(CatalogData("published", OLD_URL), marketing_url=url).confirmed == {KEY}

    def test_stored_url_that_became_invalid_is_not_confirmed(self, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ["elsewhere.example"]
        assert changeset_of(CatalogData("published", URL)).confirmed == set()

    def test_rejected_record_is_confirmed(self):
        page = Page((), (RejectedRecord(KEY, "no"), RejectedRecord("", "no")), 2, 2)
        assert compute_changes(page, {}).confirmed == {KEY}


class TestRejected:
    """The records that are not applied, and why."""

    def test_valid_record_is_not_rejected(self):
        assert changeset_of().rejected == []

    def test_record_that_the_client_rejected_stays_rejected(self):
        page = Page((), (RejectedRecord(KEY, "no"),), 1, 1)
        assert compute_changes(page, {}).rejected == [Rejected(KEY, "no", None)]

    def test_invalid_url_is_rejected(self):
        reason = "marketing URL: not an absolute http or https URL"
        assert changeset_of(marketing_url=INVALID).rejected == [Rejected(KEY, reason, INVALID)]

    def test_url_of_an_unpublished_course_run_is_not_checked(self):
        assert changeset_of(marketing_url=INVALID, status="unpublished").rejected == []

    @pytest.mark.parametrize(
        "key",
        ["nonsense", "course-v1:ExampleX+One", f"{KEY}+more", f"{KEY} ", "course-v1:Example X+One+2026"],
    )
    def test_invalid_course_key_is_rejected(self, key):
        changeset = changeset_of(key=key)
        assert (reasons(changeset), changeset.data, changeset.confirmed) == (["not a course key"], {}, {key})

    @pytest.mark.parametrize(
        "key", ["ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7", "course-v1:ÜbungX+Öko+2026"]
    )
    def test_unusual_course_key_is_valid(self, key):
        assert changeset_of(key=key).rejected == []

    @pytest.mark.parametrize(
        "values",
        [
            {"key": "course-v1:ExampleX+One\N{ZERO WIDTH SPACE}+2026"},
            {"status": "pub\N{SOFT HYPHEN}lished"},
            {"content_language": "e\N{RIGHT-TO-LEFT OVERRIDE}n"},
        ],
        ids=["key", "status", "language"],
    )
    def test_unprintable_character_is_rejected(self, values):
        changeset = changeset_of(**values)
        assert (reasons(changeset), changeset.data) == (["unprintable character"], {})

    @pytest.mark.parametrize(
        "values", [{"status": "new\N{SOFT HYPHEN}"}, {"content_language": "e\N{SOFT HYPHEN}"}]
    )
    def test_changed_value_is_checked_again(self, values):
        old = CatalogData("published", URL, content_language="en")
        assert reasons(changeset_of(old, **values)) == ["unprintable character"]

    def test_unchanged_value_is_not_checked_again(self):
        """What counts as printable may change with Python."""
        url, status = f"{URL}/\N{SOFT HYPHEN}", "new\N{SOFT HYPHEN}"
        read_again = {"marketing_url": "".join(list(url)), "status": "".join(list(status))}
        assert changeset_of(CatalogData(status, url), **read_again).rejected == []

    def test_other_records_of_the_page_are_stored(self):
        runs = (CourseRun("nonsense"), CourseRun(KEY, URL, "published"))
        assert compute_changes(Page(runs, (), 2, 2), {}).data == {KEY: CatalogData("published", URL)}


class TestUnconfirmed:
    """Course keys whose marketing URL only a look-up by key may remove."""

    def test_is_empty_if_the_page_has_the_url(self):
        assert changeset_of().unconfirmed == set()

    def test_is_the_key_whose_url_the_page_does_not_have_any_more(self):
        assert changeset_of(CatalogData("published", OLD_URL), marketing_url=None).unconfirmed == {KEY}
