"""With three fields mapped, the app keeps all that edx-platform's ``sync_course_runs`` kept."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db(transaction=True)

# Catalog field -> course overview field, as the command has it.
ITS_FIELDS = {
    "marketing_url": "marketing_url",
    "eligible_for_financial_aid": "eligible_for_financial_aid",
    "content_language": "language",
}
KEYS = [f"course-v1:SupersetX+{number}+2026" for number in range(60)]


def row(number: int, **fields) -> dict:
    return {
        "key": KEYS[number],
        "marketing_url": f"https://www.example.com/{number}",
        "eligible_for_financial_aid": number % 3 != 0,
        "content_language": ("en-us", "pt-br", "zh-cmn")[number % 3],
    } | fields


def shown() -> dict[str, dict]:
    """What the course overviews show in the command's fields, by course key."""
    overviews = CourseOverview.objects.filter(id__in=KEYS)
    return {
        str(each.id): {name: getattr(each, field) for name, field in ITS_FIELDS.items()} for each in overviews
    }


def of_the_catalog(rows: list[dict]) -> dict[str, dict]:
    """What the command sets, could it but see all rows: each value as the Catalog lists it."""
    return {row["key"]: {name: row[name] for name in ITS_FIELDS} for row in rows}


@pytest.fixture
def rows(catalog, settings):
    """Rows of a Catalog of more than one page, and course overviews that know nothing of it."""
    settings.CATALOG_SYNC_FIELDS = ITS_FIELDS
    rows = [row(number) for number in range(len(KEYS))]
    catalog.control.set_runs(rows)
    for key in KEYS:
        CourseOverviewFactory(id=key)
    return rows


@pytest.mark.parametrize("page_size", [7, 20, 100])
def test_every_field_of_every_course_is_kept(rows, page_size):
    assert update_catalog_data(page_size=page_size).status == "succeeded"
    assert shown() == of_the_catalog(rows)


def test_changes_of_each_field_are_kept(rows, catalog):
    update_catalog_data()
    changed = [
        row(0, marketing_url="https://www.example.com/new"),
        row(1, eligible_for_financial_aid=False),
        row(2, content_language="fr"),
    ]
    catalog.control.upsert(changed)
    assert update_catalog_data().updated == 3
    assert shown() == of_the_catalog([*changed, *rows[3:]])


def test_second_run_writes_nothing(rows):
    update_catalog_data()
    assert update_catalog_data().updated == 0


def test_publishing_keeps_all_three(rows):
    """The command's values were gone until its next run."""
    update_catalog_data()
    publish_course(KEYS[3], display_name="published")
    assert shown() == of_the_catalog(rows)


def test_language_that_the_catalog_does_not_tell_stays(rows, catalog):
    """Here the two differ: the command wrote null over it."""
    update_catalog_data()
    catalog.control.upsert([row(4, content_language=None)])
    update_catalog_data()
    assert shown()[KEYS[4]]["content_language"] == rows[4]["content_language"]


def test_unpublished_run_gets_no_link_but_the_rest(rows, catalog):
    """Here the two differ: the command gave learners a page that is not public."""
    catalog.control.upsert([row(5, status="unpublished")])
    update_catalog_data()
    assert shown()[KEYS[5]] == of_the_catalog(rows)[KEYS[5]] | {"marketing_url": None}
