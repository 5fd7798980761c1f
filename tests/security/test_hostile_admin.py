"""Django admin: users without permission, forged requests, and markup from the Catalog."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

import pytest
from celery import current_app
from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone

from catalog_sync.admin.config import TUNED
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, PinnedMarketingUrl, SyncRun
from tests.admin_client import CONFIGURATION, client_of
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

ADMIN = "/admin/catalog_sync/"
RUNS, COURSE_RUNS, CONFIG = f"{ADMIN}syncrun/", f"{ADMIN}catalogcourserun/", f"{ADMIN}catalogsyncconfig/"
PINS = f"{ADMIN}pinnedmarketingurl/"
SCRIPT = "<script>alert(1)</script>"
MARKED_URL = f'https://www.example.com/">{SCRIPT}'.replace(" ", "")
KEY = "course-v1:ExampleX+One+2026"
PIN = {"course_key": KEY, "url": "https://www.example.com/pinned"}
RISKY = CONFIGURATION | {"page_size": "1", "max_removal_percent": "100"}


POSTED = pytest.mark.parametrize(
    "address",
    [
        *("{pins}pin/", "{pins}{pin}/unpin/", "{courses}sync/", "{runs}{run}/allow-removals/"),
        *("{runs}start/", "{runs}{run}/cancel/", "{runs}requests/1/dismiss/", "{runs}progress/"),
    ],
)


def address_of_pinned(address):
    """Store a pinned course run and a refused sync run, and return this address for them."""
    CatalogCourseRun.objects.create(course_key=KEY)
    pin = PinnedMarketingUrl.objects.create(
        course_key=KEY, url="https://www.example.com/mine", pinned_at=timezone.now()
    )
    run = SyncRun.objects.create(status="refused")
    return address.format(
        pins=PINS, courses=f"{ADMIN}catalogoverview/course/", runs=RUNS, pin=pin.pk, run=run.pk
    )


@pytest.fixture
def marked():
    """The primary keys of rows with markup in every text. The sync would reject some of it."""
    course_run = CatalogCourseRun.objects.create(
        course_key=f"course-v1:{SCRIPT}+One+2026",
        status=SCRIPT,
        marketing_url=MARKED_URL,
        content_language=SCRIPT,
    )
    pin = PinnedMarketingUrl.objects.create(
        course_key=course_run.course_key, url=MARKED_URL, reason=SCRIPT, pinned_at=timezone.now()
    )
    CatalogSyncConfig.objects.create(changed_by=get_user_model().objects.create(username=SCRIPT))
    CourseOverviewFactory(id=KEY, marketing_url=MARKED_URL)
    sound = CatalogCourseRun.objects.create(course_key=KEY, status="published", marketing_url=MARKED_URL)
    run = SyncRun.objects.create(
        status="failed", message=SCRIPT, log_lines=SCRIPT, holder=SCRIPT, page_size=1, duration_seconds=1
    )
    refused = SyncRun.objects.create(status="refused", message=SCRIPT, holder=SCRIPT)
    refused.changes.create(kind="removed", course_key=SCRIPT, old=SCRIPT, new=SCRIPT, reason=SCRIPT)
    rows = {"course_run": course_run, "sound": sound, "pin": pin, "run": run, "refused": refused}
    return {name: row.pk for name, row in rows.items()}


@pytest.mark.parametrize(
    "page",
    [
        COURSE_RUNS,
        f"{COURSE_RUNS}{{course_run}}/change/",
        f"{COURSE_RUNS}{{sound}}/change/",
        f"{COURSE_RUNS}?q={SCRIPT}",
        PINS,
        f"{PINS}pin/?course_key={SCRIPT}",
        f"{PINS}{{pin}}/change/",
        RUNS,
        f"{RUNS}{{run}}/change/",
        f"{RUNS}{{refused}}/change/",
        f"{RUNS}{{refused}}/allow-removals/",
        f"{ADMIN}catalogoverview/course/?{urlencode({'q': KEY})}",
        CONFIG,
    ],
)
def test_markup_is_shown_as_text(page, marked, admin_client):
    text = admin_client.get(page.format(**marked)).content.decode()
    assert ("alert(1)" in text, SCRIPT in text) == (True, False)


def test_markup_in_a_message_is_shown_as_text(marked, admin_client, broker, monkeypatch):
    """The message comes from the client of the broker."""

    def refuse(*args, **options):
        raise ConnectionError(SCRIPT)

    monkeypatch.setattr(current_app, "send_task", refuse)
    text = admin_client.post(f"{RUNS}start/", follow=True).content.decode()
    assert ("cannot be reached" in text, SCRIPT in text) == (True, False)


@POSTED
def test_form_of_another_site_is_refused(address, broker):
    permissions = ("view_catalogcourserun", "pin_marketing_url", "run_sync", "view_syncrun", "allow_removals")
    client = client_of(*permissions, enforce_csrf_checks=True)
    assert client.post(address_of_pinned(address), PIN).status_code == 403
    assert broker == []
    assert PinnedMarketingUrl.objects.get().url == "https://www.example.com/mine"


@POSTED
def test_user_who_is_not_signed_in_is_sent_to_the_login(address, client):
    response = client.post(address_of_pinned(address), PIN)
    assert response.url.startswith("/admin/login/")
    assert PinnedMarketingUrl.objects.get().url == "https://www.example.com/mine"


def changes_page(client, **change):
    """Store a sync run with one change, and return its page."""
    run = SyncRun.objects.create(status="succeeded")
    run.changes.create(**{"kind": "rejected", "course_key": KEY} | change)
    return client.get(f"{RUNS}{run.pk}/change/").content.decode()


def test_rejected_url_is_not_a_link(admin_client):
    page = changes_page(admin_client, new="javascript:alert(1)", old=MARKED_URL)
    assert ("javascript:alert(1)" in page, 'href="javascript' in page) == (True, False)
    assert 'href="https://www.example.com' not in page


@pytest.mark.parametrize("field", ["course_key", "old", "new", "reason"])
def test_characters_that_reverse_the_direction_are_visible(field, admin_client):
    page = changes_page(admin_client, **{field: "exe.\N{RIGHT-TO-LEFT OVERRIDE}gnp"})
    assert ("exe.\\u202egnp" in page, "\N{RIGHT-TO-LEFT OVERRIDE}" in page) == (True, False)


def exported(client, **change):
    """Store a sync run with one change, and return the row of its export."""
    run = SyncRun.objects.create(status="succeeded")
    run.changes.create(**{"kind": "rejected", "course_key": KEY} | change)
    response = client.get(f"{RUNS}{run.pk}/changes.csv")
    [row] = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode(), newline=""))
    return row


@pytest.mark.parametrize(
    "value",
    [
        "=cmd|'/c calc'!A0",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\N{FULLWIDTH EQUALS SIGN}1",
        "\N{FULLWIDTH COMMERCIAL AT}1",
    ],
)
@pytest.mark.parametrize("field", ["course_key", "old", "new", "reason"])
def test_spreadsheet_evaluates_no_cell_of_the_export(field, value, admin_client):
    assert exported(admin_client, **{field: value})[field] == f"'{value}"


def test_spreadsheet_that_splits_at_semicolons_evaluates_no_cell_of_the_export(admin_client):
    row = exported(admin_client, new="https://www.example.com/;=cmd|'/c'!A0;  @x;a=1")
    assert row["new"] == "https://www.example.com/;'=cmd|'/c'!A0;'  @x;a=1"


def test_quotes_and_line_ends_stay_within_their_cell_of_the_export(admin_client):
    hostile = 'a",\r\n=cmd(),"b'
    assert exported(admin_client, reason=hostile)["reason"] == hostile


@pytest.mark.parametrize("permissions", [[], ["view_catalogsyncconfig"], ["run_sync", "view_syncrun"]])
def test_configuration_needs_the_permission_to_add(permissions):
    client = client_of(*permissions)
    assert client.post(f"{CONFIG}add/", RISKY).status_code == 403
    assert not CatalogSyncConfig.objects.exists()


def test_permission_to_view_does_not_change_a_row():
    row = CatalogSyncConfig.objects.create(page_size=500)
    client = client_of("view_catalogsyncconfig")
    assert client.post(f"{CONFIG}{row.pk}/change/", RISKY).status_code == 403
    assert list(CatalogSyncConfig.objects.values_list("page_size", flat=True)) == [500]


def test_reverting_needs_the_permission_to_add():
    old = CatalogSyncConfig.objects.create(page_size=1)
    CatalogSyncConfig.objects.create(page_size=500)
    client_of("view_catalogsyncconfig").post(CONFIG, {"action": "revert", "_selected_action": [old.pk]})
    assert CatalogSyncConfig.current().page_size == 500


def test_link_does_not_fill_in_the_configuration(admin_client):
    query = "confirmed=on&based_on=999999999&page_size=1"
    form = admin_client.get(f"{CONFIG}add/?{query}").context["adminform"].form
    assert [form[name].value() for name in ("confirmed", "based_on", "page_size")] == [None, 0, 500]


def test_configuration_has_no_url():
    kinds = {type(CatalogSyncConfig._meta.get_field(name)) for name in TUNED}
    assert kinds == {models.BooleanField, models.PositiveIntegerField}


@pytest.mark.parametrize("address", [RUNS, COURSE_RUNS, PINS])
@pytest.mark.parametrize("page", ["9" * 20, "9" * 5_000, "%00", "\N{ARABIC-INDIC DIGIT THREE}", "-1"])
def test_invalid_page_number_is_not_an_error(address, page, admin_client):
    assert admin_client.get(f"{address}?p={page}", follow=True).status_code == 200


@pytest.mark.parametrize("query", ["catalog=%00", "status__exact=%00", "scope__exact=%00"])
@pytest.mark.parametrize("address", [RUNS, COURSE_RUNS, CONFIG])
def test_filter_with_nul_shows_the_whole_list(address, query, admin_client):
    """PostgreSQL refuses a query that contains NUL."""
    assert admin_client.get(f"{address}?{query}").url == f"{address}?e=1"


def test_huge_sync_run_id_is_not_an_error(admin_client):
    assert admin_client.get(f"{RUNS}{'9' * 5_000}/change/", follow=True).status_code == 200


@pytest.mark.parametrize("query", ["pinned_by__password__startswith=a", "pinned_by__email__contains=a"])
def test_list_cannot_be_filtered_by_fields_of_the_user(query, admin_client):
    assert admin_client.get(f"{PINS}?{query}").status_code == 400


@pytest.mark.parametrize("address", [RUNS, COURSE_RUNS, PINS, CONFIG, f"{PINS}pin/", f"{CONFIG}add/"])
def test_viewing_starts_nothing_and_writes_nothing(address, admin_client, broker):
    assert admin_client.get(address, PIN).status_code in (200, 302)
    assert broker == []
    tables = (SyncRun, CatalogCourseRun, PinnedMarketingUrl, CatalogSyncConfig)
    assert not any(model.objects.exists() for model in tables)
