"""Django admin, through the browser's door."""

from __future__ import annotations

import pytest

from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, SyncRun
from tests.admin_client import CONFIGURATION, client_of

pytestmark = pytest.mark.django_db

ADMIN = "/admin/catalog_sync/"
KEY = "course-v1:ExampleX+One+2026"


@pytest.fixture
def course_run():
    return CatalogCourseRun.objects.create(
        course_key=KEY, status="published", marketing_url="https://www.example.com/one"
    )


@pytest.fixture
def sync_run():
    return SyncRun.objects.create(status="failed", holder="worker 7", message="The Catalog is away.")


def add(admin_client, **changes):
    return admin_client.post(f"{ADMIN}catalogsyncconfig/add/", CONFIGURATION | changes)


def errors(response):
    return response.context["adminform"].form.errors


class TestConfiguration:
    """``CatalogSyncConfig``, where operators tune."""

    def test_form_starts_from_the_defaults(self, admin_client):
        assert b'name="page_size" value="500"' in admin_client.get(f"{ADMIN}catalogsyncconfig/add/").content

    def test_form_starts_from_what_is_in_force(self, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, page_size=123)
        assert b'name="page_size" value="123"' in admin_client.get(f"{ADMIN}catalogsyncconfig/add/").content

    @pytest.mark.parametrize("page_size", [0, 1, 20, 500, 10_000])
    def test_page_size_that_is_saved_is_in_force(self, page_size, admin_client):
        add(admin_client, page_size=page_size)
        assert CatalogSyncConfig.current().page_size == page_size

    @pytest.mark.parametrize(
        ("page_size", "message"),
        [
            (
                "10001",
                "A page holds at most 10,000 course runs, not 10001: one request for more would keep a worker of the "
                "Catalog busy for half a minute and longer. 0 finds the best page size by itself.",
            ),
            ("-1", "Ensure this value is greater than or equal to 0."),
            ("abc", "Enter a whole number."),
            ("", "This field is required."),
        ],
    )
    def test_page_size_that_is_refused_says_why(self, page_size, message, admin_client):
        assert message in errors(add(admin_client, page_size=page_size))["page_size"]

    @pytest.mark.parametrize("page_size", ["-1", "10001"])
    def test_page_size_that_is_refused_is_not_saved(self, page_size, admin_client):
        add(admin_client, page_size=page_size)
        assert not CatalogSyncConfig.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("concurrency", 0),
            ("concurrency", 17),
            ("request_timeout_seconds", 0),
            ("retry_deadline_seconds", -1),
            ("max_removal_percent", 101),
            ("keep_runs_days", 36_501),
        ],
    )
    def test_number_out_of_its_range_is_refused(self, field, value, admin_client):
        assert list(errors(add(admin_client, **{field: value}))) == [field]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("concurrency", 16),
            ("retry_deadline_seconds", 0),
            ("max_removal_percent", 100),
            ("keep_runs_days", 36_500),
        ],
    )
    def test_number_at_the_end_of_its_range_is_saved(self, field, value, admin_client):
        add(admin_client, **{field: value})
        assert getattr(CatalogSyncConfig.current(), field) == value

    def test_sync_can_be_switched_off(self, admin_client):
        admin_client.post(f"{ADMIN}catalogsyncconfig/add/", CONFIGURATION | {"enabled": ""})
        assert not CatalogSyncConfig.current().enabled

    def test_who_changed_it_is_kept(self, admin_client, admin_user):
        add(admin_client, page_size=100)
        assert CatalogSyncConfig.current().changed_by == admin_user

    def test_change_is_a_new_row(self, admin_client):
        add(admin_client, page_size=100)
        add(admin_client, page_size=200)
        assert set(CatalogSyncConfig.objects.values_list("page_size", flat=True)) == {100, 200}

    def test_list_shows_the_page_size(self, admin_client):
        add(admin_client, page_size=100)
        assert b"field-page_size" in admin_client.get(f"{ADMIN}catalogsyncconfig/").content


@pytest.mark.parametrize("model", ["catalogcourserun", "syncrun"])
class TestReadOnly:
    """What the sync alone writes."""

    @pytest.fixture(autouse=True)
    def rows(self, course_run, sync_run):
        self.ids = {"catalogcourserun": course_run.pk, "syncrun": sync_run.pk}

    def test_is_listed(self, model, admin_client):
        assert admin_client.get(f"{ADMIN}{model}/").status_code == 200

    def test_can_be_looked_at(self, model, admin_client):
        assert admin_client.get(f"{ADMIN}{model}/{self.ids[model]}/change/").status_code == 200

    def test_cannot_be_added(self, model, admin_client):
        assert admin_client.get(f"{ADMIN}{model}/add/").status_code == 403

    def test_cannot_be_changed(self, model, admin_client):
        assert admin_client.post(f"{ADMIN}{model}/{self.ids[model]}/change/", {}).status_code == 403

    def test_cannot_be_deleted(self, model, admin_client):
        response = admin_client.post(f"{ADMIN}{model}/{self.ids[model]}/delete/", {"post": "yes"})
        assert response.status_code == 403

    def test_offers_no_deletion_of_what_is_selected(self, model, admin_client):
        assert b"delete_selected" not in admin_client.get(f"{ADMIN}{model}/").content

    def test_is_not_for_staff_without_permission(self, model):
        assert client_of().get(f"{ADMIN}{model}/").status_code == 403

    def test_is_for_staff_with_the_permission_to_view(self, model):
        assert client_of(f"view_{model}").get(f"{ADMIN}{model}/").status_code == 200


class TestLists:
    """Finding a row among many."""

    @pytest.mark.parametrize("query", ["q=ExampleX", "q=example.com/one", "status__exact=published"])
    def test_course_run_is_found(self, query, course_run, admin_client):
        assert KEY.encode() in admin_client.get(f"{ADMIN}catalogcourserun/?{query}").content

    @pytest.mark.parametrize("query", ["q=OtherX", "status__exact=unpublished", "has_url=no"])
    def test_course_run_is_left_out(self, query, course_run, admin_client):
        listed = admin_client.get(f"{ADMIN}catalogcourserun/?{query}").context["cl"].queryset
        assert list(listed) == []

    @pytest.mark.parametrize("query", ["q=away", "q=worker", "status__exact=failed", "dry_run__exact=0"])
    def test_sync_run_is_found(self, query, sync_run, admin_client):
        assert list(admin_client.get(f"{ADMIN}syncrun/?{query}").context["cl"].queryset) == [sync_run]

    def test_sync_run_is_left_out(self, sync_run, admin_client):
        listed = admin_client.get(f"{ADMIN}syncrun/?status__exact=succeeded").context["cl"].queryset
        assert list(listed) == []

    def test_newest_sync_run_comes_first(self, sync_run, admin_client):
        newest = SyncRun.objects.create(holder="worker 8")
        listed = admin_client.get(f"{ADMIN}syncrun/").context["cl"].queryset
        assert list(listed) == [newest, sync_run]

    def test_message_of_a_sync_run_is_in_the_list(self, sync_run, admin_client):
        assert b"The Catalog is away." in admin_client.get(f"{ADMIN}syncrun/").content

    def test_list_costs_the_same_queries_for_many(self, admin_client, django_assert_max_num_queries):
        CatalogCourseRun.objects.bulk_create(
            CatalogCourseRun(course_key=f"course-v1:ExampleX+C{n}+2026") for n in range(150)
        )
        with django_assert_max_num_queries(8):
            admin_client.get(f"{ADMIN}catalogcourserun/")
