"""Django admin: the configuration form, the read-only pages, filters and search."""

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
    return SyncRun.objects.create(status="failed", holder="worker 7", message="The Catalog is down.")


def add(admin_client, **changes):
    return admin_client.post(f"{ADMIN}catalogsyncconfig/add/", CONFIGURATION | changes)


def errors(response):
    return response.context["adminform"].form.errors


class TestConfiguration:
    """The form of ``CatalogSyncConfig``."""

    def test_starts_from_the_defaults_or_the_current_row(self, admin_client):
        address = f"{ADMIN}catalogsyncconfig/add/"
        assert b'name="page_size" value="500"' in admin_client.get(address).content
        CatalogSyncConfig.objects.create(enabled=True, page_size=123)
        assert b'name="page_size" value="123"' in admin_client.get(address).content

    @pytest.mark.parametrize(
        ("page_size", "message"),
        [
            ("10001", "10,000"),
            ("-1", "Ensure this value is greater than or equal to 0."),
            ("abc", "Enter a whole number."),
            ("", "This field is required."),
        ],
    )
    def test_refuses_an_invalid_page_size_with_the_reason(self, page_size, message, admin_client):
        assert message in str(errors(add(admin_client, page_size=page_size))["page_size"])
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
    def test_refuses_a_number_out_of_range(self, field, value, admin_client):
        assert list(errors(add(admin_client, **{field: value}))) == [field]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("page_size", 0),
            ("page_size", 20),
            ("page_size", 500),
            ("page_size", 10_000),
            ("concurrency", 16),
            ("retry_deadline_seconds", 0),
            ("max_removal_percent", 100),
            ("keep_runs_days", 36_500),
            ("enabled", False),
        ],
    )
    def test_saves_a_value_within_its_range(self, field, value, admin_client):
        add(admin_client, **{field: value or ("" if value is False else value)})
        assert getattr(CatalogSyncConfig.current(), field) == value

    def test_each_change_is_a_new_row_with_its_user(self, admin_client, admin_user):
        add(admin_client, page_size=100)
        add(admin_client, page_size=200)
        assert set(CatalogSyncConfig.objects.values_list("page_size", flat=True)) == {100, 200}
        assert CatalogSyncConfig.current().changed_by == admin_user
        assert b"field-page_size" in admin_client.get(f"{ADMIN}catalogsyncconfig/").content


@pytest.mark.parametrize("model", ["catalogcourserun", "syncrun"])
class TestReadOnly:
    """Pages that users can view but not change."""

    @pytest.fixture(autouse=True)
    def rows(self, course_run, sync_run):
        self.ids = {"catalogcourserun": course_run.pk, "syncrun": sync_run.pk}

    def test_list_and_page_can_be_viewed(self, model, admin_client):
        response = admin_client.get(f"{ADMIN}{model}/")
        assert (response.status_code, b"delete_selected" in response.content) == (200, False)
        assert admin_client.get(f"{ADMIN}{model}/{self.ids[model]}/change/").status_code == 200

    def test_nothing_can_be_added_changed_or_deleted(self, model, admin_client):
        assert admin_client.get(f"{ADMIN}{model}/add/").status_code == 403
        assert admin_client.post(f"{ADMIN}{model}/{self.ids[model]}/change/", {}).status_code == 403
        response = admin_client.post(f"{ADMIN}{model}/{self.ids[model]}/delete/", {"post": "yes"})
        assert response.status_code == 403

    @pytest.mark.parametrize("permissions", [[], ["view_{}"]])
    def test_staff_needs_the_permission_to_view(self, model, permissions):
        client = client_of(*(each.format(model) for each in permissions))
        assert client.get(f"{ADMIN}{model}/").status_code == (200 if permissions else 403)


class TestLists:
    """Search and filters."""

    @pytest.mark.parametrize("query", ["q=ExampleX", "q=example.com/one", "status__exact=published"])
    def test_course_run_is_found(self, query, course_run, admin_client):
        assert KEY.encode() in admin_client.get(f"{ADMIN}catalogcourserun/?{query}").content

    @pytest.mark.parametrize("query", ["q=OtherX", "status__exact=unpublished", "has_url=no"])
    def test_course_run_is_left_out(self, query, course_run, admin_client):
        listed = admin_client.get(f"{ADMIN}catalogcourserun/?{query}").context["cl"].queryset
        assert list(listed) == []

    @pytest.mark.parametrize("query", ["q=down", "q=worker", "status__exact=failed", "dry_run__exact=0"])
    def test_sync_run_is_found(self, query, sync_run, admin_client):
        assert list(admin_client.get(f"{ADMIN}syncrun/?{query}").context["cl"].queryset) == [sync_run]

    def test_sync_run_is_left_out(self, sync_run, admin_client):
        listed = admin_client.get(f"{ADMIN}syncrun/?status__exact=succeeded").context["cl"].queryset
        assert list(listed) == []

    def test_newest_sync_run_is_first(self, sync_run, admin_client):
        newest = SyncRun.objects.create(holder="worker 8")
        listed = admin_client.get(f"{ADMIN}syncrun/").context["cl"].queryset
        assert list(listed) == [newest, sync_run]

    def test_message_of_a_sync_run_is_in_the_list(self, sync_run, admin_client):
        assert b"The Catalog is down." in admin_client.get(f"{ADMIN}syncrun/").content

    def test_number_of_queries_does_not_grow(self, admin_client, django_assert_max_num_queries):
        CatalogCourseRun.objects.bulk_create(
            CatalogCourseRun(course_key=f"course-v1:ExampleX+C{n}+2026") for n in range(150)
        )
        with django_assert_max_num_queries(12):
            admin_client.get(f"{ADMIN}catalogcourserun/")
