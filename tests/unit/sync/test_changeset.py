"""What a page changes in the stored course runs, which records it rejects, and which URLs it confirms."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.sync.changeset import Rejected, compute_changes

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
URL, OLD_URL = "https://www.example.com/one", "https://www.example.com/old"
INVALID = "javascript:alert(1)"
OLD, NEW = CatalogData("published", OLD_URL), CatalogData("published", URL)
WITH_ALL = CatalogData("published", URL, eligible_for_financial_aid=True, content_language="en")


def changeset_of(old: CatalogData | None = None, **values):
    """Return the changeset of a page of one course run, for which ``old`` is stored; None: nothing is stored."""
    run = CourseRun(**{"key": KEY, "marketing_url": URL, "status": "published"} | values)
    return compute_changes(
        Page((run,), (), 1, 1), {} if old is None else {KEY: StoredCourseRun(1, "default", old)}
    )


def reasons(changeset):
    return [record.reason for record in changeset.rejected]


@pytest.mark.parametrize(
    ("old", "values", "data"),
    [
        (None, {}, NEW),
        (None, {"marketing_url": None}, CatalogData("published", None)),
        (None, {"status": None}, CatalogData("", None)),
        (NEW, {}, NEW),
        (OLD, {}, NEW),
        (OLD, {"marketing_url": f"{URL}/a"}, CatalogData("published", f"{URL}/a")),
        (OLD, {"marketing_url": "https://z.example"}, CatalogData("published", "https://z.example")),
        # Only a look-up removes a URL, and until then the status that belongs to it stays.
        (OLD, {"marketing_url": None}, OLD),
        (OLD, {"marketing_url": ""}, OLD),
        (OLD, {"status": "unpublished"}, OLD),
        (CatalogData("published"), {"status": "reviewed"}, CatalogData("reviewed")),
        (WITH_ALL, {"eligible_for_financial_aid": True}, WITH_ALL),
        (
            WITH_ALL,
            {"eligible_for_financial_aid": False},
            WITH_ALL._replace(eligible_for_financial_aid=False),
        ),
        (WITH_ALL, {"eligible_for_financial_aid": None}, WITH_ALL),
        (WITH_ALL, {"content_language": "de"}, WITH_ALL._replace(content_language="de")),
        (WITH_ALL, {"content_language": None}, WITH_ALL),
    ],
)
def test_what_is_to_be_stored(old, values, data):
    changeset = changeset_of(old, **values)
    assert (changeset.data, changeset.changes) == ({KEY: data}, {} if data == old else {KEY: data})


@pytest.mark.parametrize("old", [None, NEW])
@pytest.mark.parametrize("status", ["unpublished", "review_by_legal", "reviewed"])
def test_every_status_has_a_url_if_the_setting_is_none(old, status, settings):
    settings.CATALOG_SYNC_RUN_STATUSES = None
    assert changeset_of(old, status=status).changes == {KEY: CatalogData(status, URL)}


class TestConfirmed:
    """The course keys from which nothing is removed. Only a look-up by key may remove the URL of the others."""

    @pytest.mark.parametrize(
        ("old", "values", "is_confirmed"),
        [
            (None, {}, True),
            (CatalogData(), {}, True),
            (OLD, {}, True),
            (None, {"marketing_url": None}, True),
            (CatalogData(), {"marketing_url": None}, True),
            (OLD, {"marketing_url": None}, False),
            (OLD, {"status": "unpublished"}, False),
            (OLD, {"status": None}, False),
            (OLD, {"marketing_url": INVALID}, True),
            (OLD, {"marketing_url": "data:text/html,hello"}, True),
        ],
    )
    def test_has_a_url_or_never_had_one_or_a_new_one_is_invalid(self, old, values, is_confirmed):
        changeset = changeset_of(old, **values)
        expected = ({KEY}, set()) if is_confirmed else (set(), {KEY})
        assert (changeset.confirmed, changeset.unconfirmed) == expected

    def test_stored_url_that_became_invalid_is_not_confirmed(self, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ["elsewhere.example"]
        assert changeset_of(NEW).confirmed == set()

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
