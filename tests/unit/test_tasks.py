"""Celery tasks: their names, their owner in the host's monitoring, and their results."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from edx_django_utils.monitoring import TelemetryBackend

from catalog_sync import tasks
from catalog_sync.exceptions import SyncNotSucceeded
from catalog_sync.models import CatalogSyncConfig, SyncRequest, SyncRun
from catalog_sync.store.lease import Lease

NAMES = ["update_catalog_data", "read_partition", "conclude_sync", "give_up_sync"]
attributes: dict[str, object] = {}


class Recorder(TelemetryBackend):
    """Keeps the custom attributes in memory."""

    def set_attribute(self, key, value):
        attributes[key] = value

    def create_span(self, name, operation_name=None):
        return nullcontext()

    def record_exception(self): ...

    def tag_root_span_with_error(self, exception): ...

    def set_local_root_span_name(self, name, group=None, priority=None): ...


@pytest.fixture
def monitoring(settings):
    attributes.clear()
    settings.OPENEDX_TELEMETRY = ["tests.unit.test_tasks.Recorder"]
    return attributes


@pytest.mark.parametrize("name", NAMES)
def test_task_sets_its_code_owner_module(name, monitoring):
    # It fails because of its arguments, after the attribute was set.
    getattr(tasks, name).apply(kwargs={"no_such_argument": 1})
    assert monitoring == {"code_owner_module": "catalog_sync.tasks"}


@pytest.mark.parametrize("name", NAMES)
def test_task_has_its_name(name):
    assert getattr(tasks, name).name == f"catalog_sync.tasks.{name}"


@pytest.mark.django_db(transaction=True)
class TestResult:
    """What Celery stores and shows of a sync."""

    @pytest.fixture(autouse=True)
    def course_runs(self, catalog):
        catalog.control.generate(3)

    def result(self, **options):
        return tasks.update_catalog_data.apply(kwargs=options)

    def test_of_a_sync_that_succeeded_is_its_report(self):
        result = self.result(dry_run=True)
        report = result.result
        assert (result.state, report["status"], report["catalog_count"]) == ("SUCCESS", "succeeded", 3)
        assert json.loads(json.dumps(report)) == report

    def test_of_a_sync_that_failed_is_a_failure_with_the_message(self, settings):
        settings.COURSE_CATALOG_API_URL = ""
        result = self.result()
        assert (result.state, type(result.result)) == ("FAILURE", SyncNotSucceeded)
        assert str(result.result).startswith("failed: COURSE_CATALOG_API_URL is not set.")

    def test_of_an_incomplete_sync_is_a_failure(self, catalog):
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        catalog.control.fault("status", match={"params": {"offset": "1"}}, times=None, status=400)
        assert str(self.result(page_size=2).result).startswith("incomplete: Incomplete: ")

    @pytest.mark.parametrize("distribute", [False, True])
    def test_beside_a_running_sync_is_a_success_with_the_status_skipped(self, distribute, caplog):
        caplog.set_level("INFO")
        Lease.acquire()
        result = self.result(distribute=distribute)
        assert (result.state, result.result["status"]) == ("SUCCESS", "skipped")
        assert result.result["message"].startswith("Another sync is already running")
        assert "event=catalog_sync.skipped " in caplog.text

    def test_of_a_disabled_sync_is_a_success(self):
        CatalogSyncConfig.objects.create(enabled=False)
        result = self.result()
        assert (result.state, result.result["status"]) == ("SUCCESS", "disabled")

    def test_is_no_reason_to_try_again(self, settings):
        settings.COURSE_CATALOG_API_URL = ""
        self.result()
        assert SyncRun.objects.count() == 1

    def test_requested_sync_is_deleted_also_if_it_is_skipped(self):
        Lease.acquire()
        request, other = (SyncRequest.objects.create(command="update_catalog_data") for _ in range(2))
        self.result(request_id=request.pk)
        assert SyncRequest.objects.get() == other

    def test_of_a_sync_that_was_given_up_is_a_failure_once(self):
        lease = Lease.acquire()
        states = [tasks.give_up_sync.apply(args=[lease.run_id]).state for _ in range(2)]
        assert states == ["FAILURE", "SUCCESS"]

    def test_of_the_last_task_of_a_sync_that_has_failed_is_a_failure(self):
        lease = Lease.acquire()
        lease.close(status="failed", message="it has failed")
        result = tasks.conclude_sync.apply(args=[[], lease.run_id, False])
        assert (result.state, str(result.result)) == ("FAILURE", "failed: it has failed")
