"""The sync writes the fields that a host maps: with three, all that edx-platform's ``sync_course_runs`` wrote."""

from __future__ import annotations

import pytest

from catalog_sync.api import pin_marketing_url, update_catalog_data
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

# Catalog field -> course overview field, as in sync_course_runs.
FIELDS = {
    "marketing_url": "marketing_url",
    "eligible_for_financial_aid": "eligible_for_financial_aid",
    "content_language": "language",
}
PIN = "https://www.example.com/pinned"
KEYS = [f"course-v1:SupersetX+{number}+2026" for number in range(30)]


def row(number: int, **fields) -> dict:
    return {
        "key": KEYS[number],
        "marketing_url": f"https://www.example.com/{number}",
        "eligible_for_financial_aid": number % 3 != 0,
        "content_language": ("en-us", "pt-br", "zh-cmn")[number % 3],
    } | fields


def stored() -> dict[str, dict]:
    """Return the three fields of the course overviews, by course key."""
    overviews = CourseOverview.objects.all()
    return {
        str(each.id): {name: getattr(each, field) for name, field in FIELDS.items()} for each in overviews
    }


def listed(rows: list[dict]) -> dict[str, dict]:
    """Return the three fields of the Catalog's rows, by course key."""
    return {row["key"]: {name: row[name] for name in FIELDS} for row in rows}


@pytest.fixture
def rows(catalog, settings):
    """Rows of a Catalog with more than one page, and the course overviews of a first sync."""
    settings.CATALOG_SYNC_FIELDS = FIELDS
    rows = [row(number) for number in range(len(KEYS))]
    catalog.control.set_runs(rows)
    for key in KEYS:
        CourseOverviewFactory(id=key)
    assert update_catalog_data(page_size=10).status == "succeeded"
    return rows


def test_first_sync_writes_all_fields(rows):
    assert stored() == listed(rows)


def test_ccx_course_that_the_catalog_lists_gets_all_fields_from_a_sync_and_with_a_pin(rows, catalog):
    key = KEYS[0].replace("course-v1:", "ccx-v1:") + "+ccx@7"
    CourseOverviewFactory(id=key)
    ccx = row(1) | {"key": key, "content_language": "fr"}
    catalog.control.upsert([ccx])
    update_catalog_data(course_keys=[key])
    assert stored()[key] == listed([ccx])[key]

    CourseOverview.objects.filter(id=key).update(language="de")
    pin_marketing_url(key, PIN)
    assert stored()[key] == listed([ccx])[key] | {"marketing_url": PIN}


def test_second_sync_writes_nothing(rows):
    with statements() as sent:
        assert update_catalog_data().updated == 0
    assert sent.writes() == []


def test_sync_writes_the_change_of_each_field(rows, catalog):
    changed = [
        row(0, marketing_url="https://www.example.com/new"),
        row(1, eligible_for_financial_aid=False),
        row(2, content_language="fr"),
    ]
    catalog.control.upsert(changed)
    assert update_catalog_data().updated == 3
    assert stored() == listed([*changed, *rows[3:]])


def test_publishing_keeps_all_fields(rows):
    """After sync_course_runs, publishing lost them until the next run."""
    publish_course(KEYS[3], display_name="published")
    assert stored() == listed(rows)


def test_sync_keeps_the_language_if_the_catalog_has_none(rows, catalog):
    """Unlike sync_course_runs, which wrote null."""
    catalog.control.upsert([row(4, content_language=None)])
    update_catalog_data()
    assert stored() == listed(rows)


def test_unpublished_course_run_has_all_fields_except_the_marketing_url(rows, catalog):
    """Unlike sync_course_runs, which linked to a page that is not public."""
    catalog.control.upsert([row(5, status="unpublished")])
    update_catalog_data()
    assert stored()[KEYS[5]] == listed(rows)[KEYS[5]] | {"marketing_url": None}


class TestOtherMappings:
    """A host that maps only the marketing URL, as by default."""

    @pytest.fixture(autouse=True)
    def course_overview(self, catalog):
        catalog.control.set_runs([row(0)])
        CourseOverviewFactory(id=KEYS[0], language="de", eligible_for_financial_aid=True)

    def test_field_that_is_not_mapped_is_not_written(self):
        update_catalog_data()
        assert (stored()[KEYS[0]]["content_language"], stored()[KEYS[0]]["marketing_url"]) == (
            "de",
            row(0)["marketing_url"],
        )

    def test_field_that_is_mapped_later_is_filled(self, settings):
        update_catalog_data()
        settings.CATALOG_SYNC_FIELDS = FIELDS
        update_catalog_data()
        assert stored() == listed([row(0)])

    def test_marketing_url_can_be_in_another_column(self, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "social_sharing_url"}
        update_catalog_data()
        assert CourseOverview.objects.get().social_sharing_url == row(0)["marketing_url"]
