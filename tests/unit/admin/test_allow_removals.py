"""The button that allows the removals that a sync run refused."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages

from catalog_sync.models import SyncRun, SyncRunChange
from catalog_sync.operations.jobs import TASK
from tests.admin_client import client_of
from tests.unit.admin.sync_runs import RUNS, add_runs

pytestmark = pytest.mark.django_db

BUTTON = "Allow these removals"
MESSAGE = "Refused to remove 12 of 30 marketing URLs (more than 10 %), so none was removed."


def refused(removals=12, **values):
    defaults = {
        "status": "refused",
        "message": MESSAGE,
        "course_overviews": 40,
        "removals_refused": removals,
    }
    add_runs(1, **defaults | values)
    run = SyncRun.objects.latest("pk")
    SyncRunChange.objects.bulk_create(
        SyncRunChange(
            sync_run=run, kind="removed", course_key=f"course-v1:A+C{number:02}+1", old="https://a.b/"
        )
        for number in range(removals)
    )
    return run


def address(run):
    return f"{RUNS}{run.pk}/allow-removals/"


def page_of(client, run):
    return client.get(f"{RUNS}{run.pk}/change/").content.decode()


def messages(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def allower():
    return client_of("view_syncrun", "allow_removals")


@pytest.mark.parametrize(
    ("permission", "status", "is_shown"),
    [
        ("allow_removals", "refused", True),
        ("allow_removals", "succeeded", False),
        ("run_sync", "refused", False),
    ],
)
def test_button_is_on_the_page_of_a_refused_sync_run(permission, status, is_shown):
    page = page_of(client_of("view_syncrun", permission), refused(status=status))
    assert (BUTTON in page, "allowed these removals" in page) == (is_shown, False)


class TestConfirmation:
    """The page on which the user confirms."""

    def test_has_the_numbers_the_message_and_the_first_courses_and_starts_nothing(self, allower, broker):
        run = refused()
        page = allower.get(address(run)).content.decode()
        assert "refused to remove 12 marketing URLs." in page
        assert MESSAGE in page
        assert ("course-v1:A+C09+1" in page, "course-v1:A+C10+1" in page) == (True, False)
        assert f'{RUNS}{run.pk}/change/?kind=removed">All of them</a>' in page
        assert broker == []

    def test_has_the_exact_number_even_if_not_all_are_stored(self, allower):
        page = allower.get(address(refused(1_000, removals_refused=1_451))).content.decode()
        assert "refused to remove 1,451 marketing URLs." in page
        assert (">The first 1,000 of 1,451</a>" in page, "All of them" in page) == (True, False)


class TestStart:
    """What confirming does."""

    def test_hands_a_sync_to_a_worker(self, allower, broker):
        response = allower.post(address(refused()))
        [(task, arguments)] = broker
        assert (task, arguments["allow_removals"], arguments["dry_run"]) == (TASK, True, False)
        assert "catalogs" not in arguments
        assert response.url == RUNS

    def test_is_in_the_history_and_on_the_page_of_the_sync_run(self, allower, broker):
        run = refused()
        allower.post(address(run))
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.get_change_message()) == (str(run.pk), "Allowed the removals.")
        assert "staff allowed these removals at " in page_of(allower, run)
        assert "No full sync has started since then." in page_of(allower, run)

    def test_is_shown_on_both_pages_after_the_next_full_sync(self, allower, broker):
        run = refused()
        allower.post(address(run))
        add_runs(1, dry_run=True)
        add_runs(1, removed=12)
        following = SyncRun.objects.latest("pk")
        add_runs(1)
        page = page_of(allower, run)
        assert f'href="{RUNS}{following.pk}/change/"' in page.partition("allowed these removals")[2]
        page = page_of(allower, following)
        assert f'href="{RUNS}{run.pk}/change/"' in page.partition("staff allowed the removals")[2]
        assert "allowed the removals" not in page_of(allower, SyncRun.objects.latest("pk"))

    def test_message_without_a_broker_contains_the_command(self, allower):
        [message] = messages(allower.post(address(refused())))
        assert message.endswith(" update_catalog_data --allow-removals")
        assert not LogEntry.objects.exists()


class TestRefusals:
    """When the removals cannot be allowed."""

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ({"status": "succeeded"}, "refused no removals"),
            ({"dry_run": True}, "was a dry run"),
            ({"scope": "course_keys"}, "not the latest full sync run"),
            ({"catalog": "gone"}, "not in the settings any more"),
        ],
    )
    def test_of_this_sync_run(self, values, reason, allower, broker):
        response = allower.post(address(refused(**values)))
        assert [reason in message for message in messages(response)] == [True]
        assert broker == []

    @pytest.mark.parametrize("values", [{}, {"status": "running", "lease": "default", "finished": None}])
    def test_after_a_later_full_sync(self, values, allower, broker):
        run = refused()
        add_runs(1, **values)
        [message] = messages(allower.post(address(run)))
        assert ("not the latest" in message, broker) == (True, [])

    @pytest.mark.parametrize("values", [{"dry_run": True}, {"scope": "changed"}, {"catalog": "partner"}])
    def test_not_after_another_sync_run(self, values, allower, broker):
        run = refused()
        add_runs(1, **values)
        allower.post(address(run))
        assert len(broker) == 1

    def test_while_a_setting_is_wrong_that_refuses_every_removal(self, allower, broker, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = ("publisched",)
        [message] = messages(allower.post(address(refused())))
        assert ("CATALOG_SYNC_RUN_STATUSES" in message, broker) == (True, [])

    def test_of_an_unknown_sync_run(self, allower):
        assert allower.post(f"{RUNS}77/allow-removals/").status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("permissions", [["view_syncrun", "run_sync"], ["allow_removals"]])
def test_user_without_permission_is_refused(method, permissions, broker):
    response = getattr(client_of(*permissions), method)(address(refused()))
    assert (response.status_code, broker) == (403, [])
