"""The stored changes of sync runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store import changes
from catalog_sync.store.changes import Change
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
REJECTED = Change(KEY, "rejected", None, "course/one", "bad")


def sync_run(*some, **values):
    run = SyncRun.objects.create(**{"status": "succeeded"} | values)
    changes.record(run.pk, some)
    return run.pk


def test_read_returns_what_was_recorded_by_kind_and_course_key():
    some = [REJECTED, Change(KEY, "changed", None, "https://www.example.com/b", "")]
    assert changes.read(sync_run(*some)) == some[::-1]


def test_thousand_changes_take_one_statement():
    run_id = sync_run()
    with statements() as sent:
        changes.record(run_id, [REJECTED] * 1_000)
    assert len(sent.all()) == 1


def test_no_changes_take_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        changes.record(1, [])


class TestCurrentRejections:
    """The records that are still rejected."""

    def rejecting(self, *keys, **values):
        rejected = (REJECTED._replace(course_key=key) for key in keys)
        ended = timezone.now() - timedelta(hours=1)
        return sync_run(*rejected, course_runs_rejected=len(keys), finished=ended, **values)

    @pytest.mark.parametrize("status", ["succeeded", "incomplete", "refused"])
    def test_are_those_of_the_last_full_sync_that_read_the_list(self, status):
        self.rejecting("earlier")
        run_id = self.rejecting(KEY, "other", status=status)
        sync_run(status="failed")
        assert changes.current_rejections("default") == (run_id, 2)

    def test_are_unknown_before_the_first_one(self):
        sync_run(status="failed")
        assert changes.current_rejections("default") is None

    def test_are_not_those_that_were_corrected_since(self):
        run_id = self.rejecting(KEY, "other")
        CatalogCourseRun.objects.create(catalog="default", course_key=KEY)
        assert changes.current_rejections("default") == (run_id, 1)

    def test_are_also_those_that_were_stored_before(self):
        run_id = self.rejecting(KEY)
        CatalogCourseRun.objects.create(catalog="default", course_key=KEY)
        CatalogCourseRun.objects.update(modified=timezone.now() - timedelta(hours=2))
        assert changes.current_rejections("default") == (run_id, 1)

    def test_of_another_catalog_are_not_corrected(self):
        run_id = self.rejecting(KEY)
        CatalogCourseRun.objects.create(catalog="other", course_key=KEY)
        assert changes.current_rejections("default") == (run_id, 1)


class TestRejectedEarlier:
    """The records that the last full sync rejected."""

    def test_are_those_of_the_last_sync_run(self):
        sync_run(REJECTED._replace(course_key="earlier"))
        sync_run(REJECTED, REJECTED._replace(kind="changed", course_key="changed"))
        assert changes.rejected_earlier("default") == {KEY}

    def test_without_a_key_are_recognized_by_their_reason(self):
        sync_run(REJECTED._replace(course_key=""))
        assert changes.rejected_earlier("default") == {"bad"}

    @pytest.mark.parametrize("status", ["succeeded", "incomplete", "refused"])
    def test_are_those_of_a_sync_run_that_read_the_list(self, status):
        sync_run(REJECTED, status=status)
        assert changes.rejected_earlier("default") == {KEY}

    @pytest.mark.parametrize(
        "values",
        [
            {"catalog": "other"},
            {"scope": "changed"},
            {"dry_run": True},
            {"status": "failed"},
            {"status": "running"},
        ],
        ids=str,
    )
    def test_are_not_those_of_other_sync_runs(self, values):
        sync_run(REJECTED, **values)
        assert changes.rejected_earlier("default") == frozenset()

    def test_are_unknown_if_as_many_were_stored_as_are_allowed(self, monkeypatch):
        monkeypatch.setattr(changes, "MAX_PER_KIND", 2)
        sync_run(REJECTED, REJECTED)
        assert changes.rejected_earlier("default") is None
