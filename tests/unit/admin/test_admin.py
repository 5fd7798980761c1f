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


class TestConfiguration:
    """The form of ``CatalogSyncConfig``."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("page_size", value) for value in (10_001, -1, "abc", "")),
            ("concurrency", 0),
            ("concurrency", 17),
            ("request_timeout_seconds", 0),
            ("retry_deadline_seconds", -1),
            ("max_removal_percent", 101),
            ("keep_runs_days", 36_501),
        ],
    )
    def test_refuses_an_invalid_number(self, field, value, admin_client):
        response = add(admin_client, **{field: value})
        assert list(response.context["adminform"].form.errors) == [field]
        assert not CatalogSyncConfig.objects.exists()

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
