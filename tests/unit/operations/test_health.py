"""Health: what monitoring is told, who may ask, and when the sync counts as stale."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, OperationalError, connection
from django.urls import resolve
from django.utils import timezone

from catalog_sync.api import pin_marketing_url, update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health
from tests.factories import CourseOverviewFactory, UserFactory

pytestmark = pytest.mark.django_db

HEALTH = "/catalog_sync/health/"
TOKEN = "a token of the tests"
URL = "https://www.example.com/course/one"
Status, Scope = SyncRun.Status, SyncRun.Scope


def run(hours_ago=1.0, **values):
    """A run that ended so many hours ago."""
    values = {"status": Status.SUCCEEDED, "finished": timezone.now() - timedelta(hours=hours_ago)} | values
    return SyncRun.objects.create(**values)


@pytest.fixture
def ask(client, settings):
    """Ask as monitoring does."""
    settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN
    return lambda: client.get(HEALTH, headers={"Authorization": f"Bearer {TOKEN}"})


class TestStale:
    """Only a full sync that succeeded lately is a sign of health."""

    def test_recent_success_is_healthy(self):
        run()
        assert health.look()["status"] == "ok"

    def test_old_success_is_stale(self):
        run(hours_ago=12.1)
        assert health.look()["status"] == "stale"

    def test_success_that_is_to_come_is_stale(self):
        run(hours_ago=-12.1)
        assert health.look()["status"] == "stale"

    def test_clock_that_is_a_little_ahead_is_healthy(self):
        run(hours_ago=-1)
        assert health.look()["status"] == "ok"

    def test_no_run_is_stale(self):
        assert health.look()["status"] == "stale"

    def test_limit_is_a_setting(self, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = 0.5
        run()
        assert health.look()["status"] == "stale"

    @pytest.mark.parametrize("hours", [float("nan"), float("inf"), 1e14])
    def test_limit_beyond_measure_is_a_century(self, hours, settings):
        settings.CATALOG_SYNC_STALE_AFTER_HOURS = hours
        run()
        assert health.look()["status"] == "ok"

    @pytest.mark.parametrize(
        "values",
        [
            {"dry_run": True},
            {"scope": Scope.CHANGED},
            {"scope": Scope.COURSE_KEYS},
            {"status": Status.INCOMPLETE},
            {"status": Status.REFUSED},
            {"status": Status.FAILED},
            {"status": Status.RUNNING, "finished": None, "lease": "default"},
        ],
    )
    def test_other_runs_do_not_count(self, values):
        run(**values)
        assert health.look()["status"] == "stale"

    def test_failure_after_a_recent_success_is_healthy(self):
        run()
        run(status=Status.FAILED, hours_ago=0)
        assert health.look()["status"] == "ok"


class TestLook:
    """The numbers."""

    def test_last_success_has_its_age(self):
        run(hours_ago=2)
        assert health.look()["last_success"]["age_seconds"] == pytest.approx(7200, abs=60)

    def test_clock_of_the_database_that_is_ahead_makes_no_age_below_zero(self):
        run(hours_ago=-0.1)
        assert health.look()["last_success"]["age_seconds"] == 0

    def test_rejected_course_runs_are_those_of_the_last_full_run(self):
        run(course_runs_rejected=7)
        run(course_runs_rejected=3, status=Status.INCOMPLETE)
        run(course_runs_rejected=1, scope=Scope.CHANGED)
        assert health.look()["last_full_run"]["course_runs_rejected"] == 3

    def test_running_sync_is_told(self):
        running = run(status=Status.RUNNING, lease="default", finished=None)
        assert health.look()["running"]["run_id"] == running.pk

    def test_sync_that_was_killed_is_not_running(self):
        killed = run(status=Status.RUNNING, lease="default", finished=None)
        SyncRun.objects.filter(pk=killed.pk).update(heartbeat=timezone.now() - timedelta(minutes=5))
        assert health.look()["running"] is None

    @pytest.mark.parametrize(
        ("urls", "percent"), [((URL, None, "", None), 25.0), ((URL,), 100.0), ((), None)]
    )
    def test_share_of_course_overviews_with_a_url(self, urls, percent):
        for url in urls:
            CourseOverviewFactory(marketing_url=url)
        assert health.look()["marketing_url_percent"] == percent

    def test_pins_are_counted(self):
        pin_marketing_url("course-v1:ExampleX+One+2026", URL)
        assert health.look()["pinned"] == 1

    def test_sync_that_is_switched_off_is_told(self):
        CatalogSyncConfig.objects.create(enabled=False)
        assert not health.look()["enabled"]

    def test_takes_a_handful_of_queries(self, django_assert_max_num_queries):
        SyncRun.objects.bulk_create(SyncRun(status=Status.FAILED, holder="worker") for _ in range(50))
        with django_assert_max_num_queries(6):
            health.look()

    def test_real_sync_is_healthy(self, catalog):
        catalog.control.generate(5)
        update_catalog_data()
        assert health.look()["status"] == "ok"


class TestRemedy:
    """What a person is told."""

    def test_nothing_where_nothing_is_wrong(self):
        run()
        assert health.remedy(health.look()) == ""

    def test_that_none_has_ever_run(self):
        assert "none has ever run" in health.remedy(health.look())

    def test_how_the_last_one_ended(self):
        run(status=Status.REFUSED)
        assert "ended refused" in health.remedy(health.look())

    @pytest.mark.parametrize(
        ("status", "what"),
        [
            (Status.INCOMPLETE, "Put right what its page under Sync runs in Django admin names"),
            (Status.SUCCEEDED, "Run manage.py update_catalog_data"),
        ],
    )
    def test_what_to_do_once_the_last_one_ended_so(self, status, what):
        run(hours_ago=24, status=status)
        assert f". {what}, and see that it is scheduled." in health.remedy(health.look())

    def test_that_a_clock_was_wrong(self):
        ended = run(hours_ago=-24)
        message = health.remedy(health.look())
        assert (
            f"run {ended.pk}, ended in the future ({ended.finished.isoformat()}): set the clocks" in message
        )

    def test_that_it_is_switched_off(self):
        CatalogSyncConfig.objects.create(enabled=False)
        assert "switched off" in health.remedy(health.look())


class TestWhoMayAsk:
    """Staff, or whoever has the token."""

    def status(self, client, authorization=None):
        run()
        headers = {"Authorization": authorization} if authorization else {}
        return client.get(HEALTH, headers=headers).status_code

    def log_in(self, client, **values):
        client.force_login(UserFactory(**values))

    def test_token_is_enough(self, client, settings):
        settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN
        assert self.status(client, f"Bearer {TOKEN}") == 200

    @pytest.mark.parametrize(
        "authorization", [None, "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer größe"]
    )
    def test_anything_else_is_not(self, client, settings, authorization):
        settings.CATALOG_SYNC_HEALTH_TOKEN = TOKEN
        assert self.status(client, authorization) == 401

    @pytest.mark.parametrize("token", [None, ""])
    @pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer None"])
    def test_unset_token_lets_nobody_in(self, client, settings, token, authorization):
        settings.CATALOG_SYNC_HEALTH_TOKEN = token
        assert self.status(client, authorization) == 401

    def test_staff_may(self, client):
        self.log_in(client, is_staff=True)
        assert self.status(client) == 200

    def test_learners_may_not(self, client):
        self.log_in(client)
        assert self.status(client) == 403

    def test_staff_that_left_may_not(self, client):
        self.log_in(client, is_staff=True)
        get_user_model().objects.update(is_active=False)
        assert self.status(client) == 401

    def test_who_is_refused_learns_nothing(self, client):
        run()
        assert b"run_id" not in client.get(HEALTH).content

    def test_who_is_refused_costs_no_query(self, client, django_assert_num_queries):
        with django_assert_num_queries(0):
            client.get(HEALTH)


class TestAnswer:
    """JSON, and a status that a load balancer understands."""

    def test_healthy_is_200(self, ask):
        run()
        assert ask().status_code == 200

    def test_stale_is_503(self, ask):
        assert ask().status_code == 503

    def test_stale_tells_all_the_same(self, ask):
        run(hours_ago=13)
        assert ask().json()["last_success"]["age_seconds"] > 12 * 3600

    def test_database_that_fails_is_503(self, ask, monkeypatch):
        def fail():
            raise DatabaseError("no route to db.internal.example.com")

        monkeypatch.setattr(health, "look", fail)
        response = ask()
        assert (response.status_code, b"internal" in response.content) == (503, False)

    def test_database_that_fails_is_503_for_staff_in_a_session(self, client, settings):
        # Of the LMS's own, others look up who is signed in before any page is asked.
        settings.MIDDLEWARE = [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ]
        client.force_login(UserFactory(is_staff=True))

        def fail(*args):
            raise OperationalError("no route to db.internal.example.com")

        with connection.execute_wrapper(fail):
            assert client.get(HEALTH).status_code == 503

    def test_is_never_cached(self, ask):
        assert "no-store" in ask()["Cache-Control"]

    def test_cannot_be_posted(self, client):
        assert client.post(HEALTH).status_code == 405

    def test_has_no_secret(self, ask, settings):
        run(holder="host 7", message="secret message", status=Status.FAILED)
        run(holder="host 8", status=Status.RUNNING, lease="default", finished=None)
        text = ask().content.decode()
        hidden = (
            TOKEN,
            settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET,
            settings.SECRET_KEY,
            "host 7",
            "host 8",
            "secret message",
        )
        assert not [secret for secret in hidden if secret in text]

    @pytest.mark.usefixtures("no_sockets")
    def test_opens_no_socket(self, ask):
        run()
        assert ask().status_code == 200


def test_plugin_mounts_it():
    assert resolve(HEALTH).view_name == "catalog_sync:health"
