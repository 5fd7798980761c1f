"""Health: when the sync is stale, what monitoring gets, and who has access."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.urls import resolve
from django.utils import timezone

from catalog_sync.api import pin_marketing_url, update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health
from tests.factories import CourseOverviewFactory, UserFactory

pytestmark = pytest.mark.django_db


def lose_the_database(*args):
    raise OperationalError("no route to db.internal.example.com")


def fault():
    return health.worst_of(health.of_each_catalog()).fault


HEALTH = "/catalog_sync/health/"
TOKEN = "a token of the tests"
URL = "https://www.example.com/course/one"
Status, Scope = SyncRun.Status, SyncRun.Scope


def run(hours_ago=1.0, **values):
    """Store a sync run that ended that many hours ago."""
    values = {"status": Status.SUCCEEDED, "finished": timezone.now() - timedelta(hours=hours_ago)} | values
    return SyncRun.objects.create(**values)


@pytest.fixture
def ask(client, settings):
    """Request the page as monitoring does."""
    settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN
    return lambda: client.get(HEALTH, headers={"Authorization": f"Bearer {TOKEN}"})


class TestStale:
    """Only a full sync that succeeded recently is healthy."""

    @pytest.mark.parametrize(
        ("hours_ago", "status"),
        [(1, "ok"), (12.1, "stale"), (-1, "ok"), (-12.1, "stale")],
        ids=["recent", "old", "clock slightly ahead", "far in the future"],
    )
    def test_depends_on_the_age_of_the_last_success(self, hours_ago, status):
        run(hours_ago)
        run(status=Status.FAILED, hours_ago=0)
        assert health.read()["status"] == status

    @pytest.mark.parametrize(
        ("limit", "status"),
        [(0.5, "stale"), (float("nan"), "ok"), (float("inf"), "ok"), (1e14, "ok")],
    )
    def test_limit_is_a_setting_of_at_most_a_century(self, limit, status, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = limit
        run()
        assert health.read()["status"] == status

    @pytest.mark.parametrize(
        "values",
        [
            None,
            {"dry_run": True},
            {"scope": Scope.CHANGED},
            {"scope": Scope.COURSE_KEYS},
            {"status": Status.INCOMPLETE},
            {"status": Status.REFUSED},
            {"status": Status.FAILED},
            {"status": Status.CANCELED},
            {"status": Status.RUNNING, "finished": None, "lease": "default"},
        ],
    )
    def test_other_sync_runs_do_not_count(self, values):
        if values:
            run(**values)
        assert health.read()["status"] == "stale"


class TestValues:
    """The numbers."""

    @pytest.mark.parametrize(("hours_ago", "age"), [(2, 7200), (-0.1, 0)])
    def test_last_success_has_its_age_which_is_never_negative(self, hours_ago, age):
        run(hours_ago)
        assert health.read()["last_success"]["age_seconds"] == pytest.approx(age, abs=60 if age else 0)

    def test_rejected_course_runs_of_the_last_full_sync_are_a_warning(self):
        run(course_runs_rejected=7)
        last = run(course_runs_rejected=3)
        run(course_runs_rejected=1, scope=Scope.CHANGED)
        current = health.read()
        assert (current["status"], current["last_full_run"]["course_runs_rejected"]) == ("ok", 3)
        [warning] = current["warnings"]
        assert warning.startswith(
            f"The last full sync rejected course runs (3). Sync run {last.pk} in Django admin"
        )

    @pytest.mark.parametrize(
        ("status", "result"),
        [
            (Status.REFUSED, "was refused"),
            (Status.FAILED, "failed"),
            (Status.INCOMPLETE, "was incomplete"),
            (Status.CANCELED, "was canceled"),
        ],
    )
    def test_last_full_sync_that_did_not_succeed_is_a_warning(self, status, result):
        run()
        last = run(status=status)
        current = health.read()
        assert (current["status"], current["warnings"]) == (
            "ok",
            [
                f"The last full sync, sync run {last.pk}, {result}. Its page in Django admin has the reason "
                "and the remedy."
            ],
        )

    def test_rejected_course_runs_are_a_warning_until_a_sync_has_read_the_list_without_them(self):
        rejecting = run(course_runs_rejected=3)
        run(status=Status.FAILED)
        assert health.read()["warnings"][1].startswith(f"Sync run {rejecting.pk} rejected course runs (3).")
        run()
        assert health.read()["warnings"] == []

    def test_running_sync_is_there_until_its_heartbeat_expires(self):
        running = run(status=Status.RUNNING, lease="default", finished=None)
        assert health.read()["running"]["run_id"] == running.pk
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
        assert health.read()["running"] is None

    @pytest.mark.parametrize(
        ("urls", "percent"), [((URL, None, "", None), 25.0), ((URL,), 100.0), ((), None)]
    )
    def test_percentage_of_course_overviews_with_a_url(self, urls, percent):
        for url in urls:
            CourseOverviewFactory(marketing_url=url)
        assert health.read()["marketing_url_percent"] == percent

    def test_counts_pins(self):
        pin_marketing_url("course-v1:ExampleX+One+2026", URL)
        assert health.read()["pinned"] == 1

    def test_takes_at_most_seven_queries(self, django_assert_max_num_queries):
        SyncRun.objects.bulk_create(SyncRun(status=Status.FAILED, holder="worker") for _ in range(50))
        with django_assert_max_num_queries(7):
            health.read()

    def test_real_sync_is_healthy(self, catalog):
        catalog.control.generate(5)
        update_catalog_data()
        assert (health.read()["status"], fault()) == ("ok", "")


class TestRemedy:
    """The sentences for operators."""

    def test_first_sync_is_missing(self):
        assert fault() == (
            "No successful full sync in the last 12 hours (none has ever run). Run manage.py lms update_catalog_data "
            "and schedule it."
        )

    @pytest.mark.parametrize(
        ("status", "fix"),
        [
            (Status.INCOMPLETE, "Open that sync run under Sync runs in Django admin"),
            (Status.REFUSED, "Open that sync run under Sync runs in Django admin"),
            (Status.SUCCEEDED, "Run manage.py lms update_catalog_data and schedule it."),
            (Status.CANCELED, "Run manage.py lms update_catalog_data and schedule it."),
        ],
    )
    def test_names_the_last_full_sync_and_what_to_do(self, status, fix):
        last = run(hours_ago=24, status=status)
        assert f"(sync run {last.pk} ended as {status.value}). {fix}" in fault()

    def test_wrong_clock(self):
        ended = run(hours_ago=-24)
        assert (
            f"sync run {ended.pk}, ended in the future ({ended.finished.isoformat()}). Correct the clocks"
            in fault()
        )

    def test_disabled_sync_is_not_stale(self):
        CatalogSyncConfig.objects.create(enabled=False)
        current = health.read()
        assert (current["status"], current["enabled"]) == ("disabled", False)
        assert fault().startswith("The sync is disabled.")


class TestAccess:
    """The token or a member of staff."""

    def response(self, client, authorization=None):
        run()
        headers = {"Authorization": authorization} if authorization else {}
        return client.get(HEALTH, headers=headers)

    def test_token_is_enough(self, client, settings):
        settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN
        assert self.response(client, f"Bearer {TOKEN}").status_code == 200

    @pytest.mark.parametrize(
        ("token", "authorization"),
        [
            *product(
                [TOKEN], [None, "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer größe"]
            ),
            *product([None, ""], ["Bearer", "Bearer ", "Bearer None"]),
        ],
    )
    def test_anything_else_is_refused_without_data(self, client, settings, token, authorization):
        settings.CATALOG_SYNC_HEALTH_TOKEN = token
        response = self.response(client, authorization)
        assert (response.status_code, b"run_id" in response.content) == (401, False)
        assert "CATALOG_SYNC_HEALTH_TOKEN" in response.json()["detail"]

    @pytest.mark.parametrize(
        ("values", "status"),
        [({"is_staff": True}, 200), ({}, 403), ({"is_staff": True, "is_active": False}, 401)],
        ids=["staff", "learner", "former staff"],
    )
    def test_signed_in_user_must_be_active_staff(self, values, status, client):
        user = UserFactory(**values | {"is_active": True})
        client.force_login(user)
        get_user_model().objects.update(is_active=values.get("is_active", True))
        assert self.response(client).status_code == status

    def test_refusal_takes_no_query(self, client, django_assert_num_queries):
        with django_assert_num_queries(0):
            client.get(HEALTH)


class TestResponse:
    """JSON, and a status that a load balancer understands."""

    @pytest.mark.usefixtures("no_sockets")
    def test_healthy_sync_is_200_and_never_cached(self, ask):
        run()
        response = ask()
        assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)

    def test_disabled_sync_is_200(self, ask):
        CatalogSyncConfig.objects.create(enabled=False)
        assert ask().status_code == 200

    def test_stale_sync_is_503_with_all_values(self, ask):
        run(hours_ago=13)
        response = ask()
        assert response.status_code == 503
        assert response.json()["last_success"]["age_seconds"] > 12 * 3600

    def test_database_error_is_503_without_its_text(self, ask):
        with connection.execute_wrapper(lose_the_database):
            response = ask()
        assert (response.status_code, b"internal" in response.content) == (503, False)

    def test_database_error_is_503_for_staff_in_a_session(self, client, settings):
        # Other middleware of the sandbox reads the user before the view runs.
        settings.MIDDLEWARE = [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ]
        client.force_login(UserFactory(is_staff=True))
        with connection.execute_wrapper(lose_the_database):
            assert client.get(HEALTH).status_code == 503

    def test_refuses_post(self, client):
        assert client.post(HEALTH).status_code == 405

    def test_has_no_secret(self, ask, settings):
        run(holder="host 7", message="secret message", status=Status.FAILED)
        run(holder="host 8", status=Status.RUNNING, lease="default", finished=None)
        text = ask().content.decode()
        secrets = (TOKEN, settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET, settings.SECRET_KEY)
        hidden = (*secrets, "host 7", "host 8", "secret message")
        assert not [each for each in hidden if each in text]


def test_plugin_mounts_it():
    assert resolve(HEALTH).view_name == "catalog_sync:health"
