"""A course overview that is saved immediately has its marketing URL, from the LMS's own database."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_save

from catalog_sync.models import CatalogCourseRun, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

# Nothing here may reach the network.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]

KEY, OLD_STYLE = "course-v1:ExampleX+One+2026", "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"


def store_course_run(key=KEY, **values):
    values = {"marketing_url": URL, "status": "published"} | values
    return CatalogCourseRun.objects.update_or_create(course_key=key, defaults=values)[0]


def stored_url(key=KEY):
    return CourseOverview.objects.get(pk=key).marketing_url


class TestRecreated:
    """Publishing deletes the row and creates it anew."""

    @pytest.fixture(autouse=True)
    def course_overview(self):
        store_course_run()
        return CourseOverviewFactory(id=KEY)

    def test_url_is_back_before_the_row_is_visible_and_is_read_once(self):
        with statements() as sent:
            assert publish_course(KEY).marketing_url == URL
        overviews = "course_overviews_courseoverview"
        assert URL in next(sql for sql in sent.all() if sql.startswith("INSERT") and overviews in sql)
        assert len([sql for sql in sent.all() if "catalogcourserun" in sql]) == 1

    def test_other_receivers_see_the_url(self):
        seen = []

        def look(instance, **kwargs):
            seen.append(instance.marketing_url)

        post_save.connect(look, sender=CourseOverview)
        try:
            publish_course(KEY)
        finally:
            post_save.disconnect(look, sender=CourseOverview)
        assert seen == [URL]

    def test_history_has_the_url(self):
        publish_course(KEY)
        assert CourseOverview.history.latest().marketing_url == URL

    def test_stored_url_replaces_an_older_one(self, course_overview):
        course_overview.marketing_url = OTHER_URL
        course_overview.save()
        assert stored_url() == URL

    def test_deleted_course_run_does_not_restore_its_url(self):
        CatalogCourseRun.objects.all().delete()
        assert publish_course(KEY).marketing_url is None

    def test_course_run_without_a_url_does_not_restore_it(self):
        store_course_run(marketing_url=None, status="unpublished")
        assert publish_course(KEY).marketing_url is None


class TestCreated:
    """A course that is created in the LMS after its course run was stored."""

    @pytest.mark.parametrize("key", [KEY, OLD_STYLE])
    def test_has_its_url_from_the_start(self, key):
        store_course_run(key)
        assert publish_course(key).marketing_url == URL

    def test_course_without_a_stored_course_run_has_no_url(self):
        assert publish_course(KEY).marketing_url is None

    def test_takes_no_url_of_a_key_that_differs_in_case(self):
        store_course_run(KEY.upper().replace("COURSE-V1", "course-v1"))
        assert publish_course(KEY).marketing_url is None

    @pytest.mark.parametrize(("stored", "language"), [("pt-br", "pt-br"), (None, "en")])
    def test_takes_every_mapped_field_that_is_stored(self, stored, language, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        store_course_run(content_language=stored)
        assert publish_course(KEY, language="en").language == language


class TestCcx:
    """A CCX course."""

    @pytest.mark.parametrize("url", [URL, None])
    def test_takes_the_url_of_its_parent_course_run_also_when_it_is_created_again(self, url):
        store_course_run(KEY, marketing_url=url)
        assert [publish_course(CCX).marketing_url for _ in range(2)] == [url, url]

    def test_takes_its_own_url_if_there_is_one(self):
        store_course_run(KEY)
        store_course_run(CCX, marketing_url=OTHER_URL)
        assert publish_course(CCX).marketing_url == OTHER_URL


class TestUpdatedInPlace:
    """The LMS saves an instance that it read some time ago."""

    @pytest.fixture(autouse=True)
    def in_place(self, settings):
        settings.COURSE_OVERVIEW_UPDATE_IN_PLACE = True

    def test_url_stays(self):
        store_course_run()
        publish_course(KEY)
        assert publish_course(KEY, display_name="Two").marketing_url == URL

    def test_instance_from_before_the_sync_keeps_the_url(self):
        stale = CourseOverviewFactory(id=KEY)
        store_course_run()
        CourseOverview.objects.update(marketing_url=URL)
        stale.save()
        assert stored_url() == URL

    def test_saving_an_instance_with_the_old_url_keeps_the_new_url(self):
        stale = CourseOverviewFactory(id=KEY, marketing_url=OTHER_URL)
        store_course_run()
        CourseOverview.objects.update(marketing_url=URL)
        stale.save()
        assert stored_url() == URL

    def test_saving_single_fields_writes_no_other(self):
        row = CourseOverviewFactory(id=KEY)
        with statements() as sent:
            row.save(update_fields=["display_name"])
        [update] = [sql for sql in sent.all() if sql.startswith("UPDATE")]
        assert "marketing_url" not in update


class TestFixture:
    """``loaddata`` writes exactly what the file has."""

    @pytest.fixture
    def fixture_file(self, tmp_path):
        CourseOverviewFactory(id=KEY, marketing_url=OTHER_URL)
        path = tmp_path / "course_overviews.json"
        call_command("dumpdata", "course_overviews.courseoverview", output=str(path))
        CourseOverview.objects.all().delete()
        assert json.loads(path.read_text())
        return str(path)

    def test_url_of_the_fixture_stays(self, fixture_file):
        store_course_run()
        call_command("loaddata", fixture_file, verbosity=0)
        assert stored_url() == OTHER_URL

    def test_loading_reads_no_stored_course_run(self, fixture_file):
        with statements() as sent:
            call_command("loaddata", fixture_file, verbosity=0)
        assert [sql for sql in sent.all() if "catalogcourserun" in sql] == []


@pytest.mark.django_db(transaction=True)
class TestSyncDuringTransaction:
    """What a sync writes between the saving of a course overview and the end of its transaction."""

    def test_url_added_by_the_sync_is_written_after_the_commit(self):
        with transaction.atomic():
            publish_course(KEY)
            store_course_run()
        assert stored_url() == URL

    def test_url_changed_by_the_sync_is_written_after_the_commit(self):
        store_course_run()
        with transaction.atomic():
            publish_course(KEY)
            store_course_run(marketing_url=OTHER_URL)
        assert stored_url() == OTHER_URL

    def test_url_removed_by_the_sync_is_cleared_after_the_commit(self):
        store_course_run()
        with transaction.atomic():
            publish_course(KEY)
            CatalogCourseRun.objects.all().delete()
        assert stored_url() is None

    def test_new_url_of_the_parent_course_run_is_written_to_the_ccx_course_after_the_commit(self):
        with transaction.atomic():
            publish_course(CCX)
            store_course_run(KEY)
        assert stored_url(CCX) == URL

    def test_nothing_is_written_if_nothing_changed(self):
        store_course_run()
        publish_course(KEY)
        assert CourseOverview.history.count() == 1

    def test_transaction_that_is_rolled_back_leaves_no_trace(self):
        store_course_run()
        with transaction.atomic():
            publish_course(KEY)
            transaction.set_rollback(True)
        assert not CourseOverview.objects.exists()

    def test_publishing_does_not_wait_for_a_running_sync(self):
        store_course_run()
        SyncRun.objects.create(lease="default", holder="worker-7")
        assert publish_course(KEY).marketing_url == URL


@pytest.mark.django_db(transaction=True)
class TestDeadlock:
    """The database aborts the comparison after the commit because of a deadlock."""

    @pytest.fixture(autouse=True)
    def deadlock(self):
        def break_off(execute, sql, *arguments):
            if "catalog_sync_syncrun" in sql:
                raise OperationalError(1213, "Deadlock found when trying to get lock")
            return execute(sql, *arguments)

        with connection.execute_wrapper(break_off):
            yield

    def test_publishing_succeeds_after_a_deadlock(self):
        CourseOverviewFactory(id=KEY)
        publish_course(KEY, display_name="Published")
        assert CourseOverview.objects.get(pk=KEY).display_name == "Published"

    def test_is_logged(self, caplog):
        CourseOverviewFactory(id=KEY)
        assert "Deadlock found" in caplog.text
