"""The admin's course runs: found fast among many, explained one by one, pinned and synced by a button."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from catalog_sync import replica
from catalog_sync.api import pin_marketing_url
from catalog_sync.control import TASK
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.replica import Held
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]

LIST = "/admin/catalog_sync/catalogcourserun/"
PIN_PAGE = f"{LIST}pin/"
KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
LONGER = "course-v1:ExampleX+One+2026_T2"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, PIN = "https://www.example.com/course/one", "https://www.example.com/pinned"


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    """Hashing a password as in production takes longer than the rest of a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def staff(client):
    """Return a function that logs in staff with just these permissions."""

    def log_in(*codenames):
        user = get_user_model().objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def known(key=KEY, url=URL, status="published"):
    replica.record({key: Held(status, url)})
    return CatalogCourseRun.objects.get(course_key=key)


def found(client, query=""):
    return [row.course_key for row in client.get(f"{LIST}?{query}").context["cl"].result_list]


def page_of(row):
    return f"{LIST}{row.pk}/change/"


def page(client, row):
    return client.get(page_of(row)).content.decode()


def said(response):
    return " ".join(str(message) for message in response.context["messages"])


class TestSearch:
    """Finding a course by its key."""

    @pytest.fixture(autouse=True)
    def rows(self):
        for key in (KEY, LONGER, OTHER):
            known(key)

    @pytest.mark.parametrize(
        ("term", "keys"),
        [
            (KEY, [KEY]),
            (f"  {KEY} ", [KEY]),
            ("course-v1:ExampleX+On", [KEY, LONGER]),
            ("Other", [OTHER]),
            ("course/one", [KEY, LONGER, OTHER]),
            ("nothing", []),
            ("", [KEY, LONGER, OTHER]),
        ],
    )
    def test_finds(self, admin_client, term, keys):
        assert found(admin_client, f"q={term.replace('+', '%2B')}") == keys

    def test_finds_a_pinned_url(self, admin_client):
        pin_marketing_url(OTHER, PIN)
        assert found(admin_client, "q=pinned") == [OTHER]

    def test_within_a_filter_stays_within_it(self, admin_client):
        assert found(admin_client, f"q={KEY.replace('+', '%2B')}&pinned=yes") == []


class TestFilters:
    """Narrowing the list."""

    @pytest.fixture(autouse=True)
    def rows(self):
        known("course-v1:A+A+1")
        known("course-v1:B+B+1", url=None, status="unpublished")
        known("course-v1:C+C+1")
        known("course-v1:D+D+1", url=None, status="")
        known(CCX, url=None, status="")
        pin_marketing_url("course-v1:E+E+1", PIN)
        for key, url in (("A", URL), ("B", URL), ("C", None), ("D", None), ("E", PIN)):
            CourseOverview.objects.bulk_create(
                [CourseOverviewFactory.build(id=f"course-v1:{key}+{key}+1", marketing_url=url)]
            )
        CourseOverview.objects.bulk_create([CourseOverviewFactory.build(id=CCX, marketing_url=URL)])
        known("course-v1:F+F+1")  # not in the LMS

    @pytest.mark.parametrize(
        ("query", "letters"),
        [
            ("has_url=yes", "ACEF"),
            ("has_url=no", "BDc"),
            ("published=yes", "ACF"),
            ("published=no", "BDEc"),
            ("in_lms=yes", "ABCDEc"),
            ("in_lms=no", "F"),
            ("differs=yes", "BC"),
            ("differs=no", "ADEFc"),
            ("pinned=yes", "E"),
            ("pinned=no", "ABCDFc"),
            ("has_url=yes&differs=yes", "C"),
            ("pinned=nonsense", "ABCDEFc"),
        ],
    )
    def test_leaves(self, admin_client, query, letters):
        keys = found(admin_client, query)
        assert sorted(key.partition(":")[2][0] if key != CCX else "c" for key in keys) == sorted(letters)


class TestList:
    """The list itself."""

    def test_shows_the_pin_before_the_url_of_the_catalog(self, admin_client):
        known()
        pin_marketing_url(KEY, PIN)
        text = admin_client.get(LIST).content.decode()
        assert (PIN in text, URL in text) == (True, False)

    @pytest.mark.parametrize(
        ("shown", "in_step"), [(URL, True), (None, False), ("", False), ("https://x.org", False)]
    )
    def test_tells_whether_the_lms_shows_it(self, admin_client, shown, in_step):
        CourseOverviewFactory(id=KEY, marketing_url=shown)
        known()
        [row] = admin_client.get(LIST).context["cl"].result_list
        assert row.standing.is_in_step == in_step

    def test_tells_that_a_ccx_course_shows_what_its_parent_has(self, admin_client):
        known()
        known(CCX, url=None)
        CourseOverviewFactory(id=CCX)
        rows = admin_client.get(LIST).context["cl"].result_list
        assert next(row for row in rows if row.course_key == CCX).standing.is_in_step

    def test_tells_that_a_course_is_not_in_the_lms(self, admin_client):
        known()
        [row] = admin_client.get(LIST).context["cl"].result_list
        assert row.standing == (False, None, URL)

    def test_offers_to_pin_to_who_may(self, staff):
        client = staff("change_catalogcourserun")
        assert PIN_PAGE.encode() in client.get(LIST).content

    def test_offers_no_pinning_to_who_may_not(self, staff):
        client = staff("view_catalogcourserun")
        assert PIN_PAGE.encode() not in client.get(LIST).content


class TestManyRows:
    """What a page costs does not grow with the table."""

    @pytest.fixture
    def many(self):
        CatalogCourseRun.objects.bulk_create(
            CatalogCourseRun(course_key=f"course-v1:ExampleX+C{number:05}+2026", marketing_url=URL)
            for number in range(3000)
        )

    def counts(self, client, query=""):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{LIST}?{query}").status_code == 200
        statements = [query["sql"] for query in captured.captured_queries]
        return [sql for sql in statements if "COUNT(" in sql and "catalogcourserun" in sql]

    @pytest.mark.parametrize("query", ["", "q=ExampleX", "has_url=yes", "p=15"])
    def test_no_view_counts_the_whole_table(self, many, admin_client, query):
        assert all("LIMIT" in sql for sql in self.counts(admin_client, query))

    @pytest.mark.parametrize("rows", [5, 300])
    def test_list_takes_eight_queries(self, admin_client, rows, django_assert_max_num_queries):
        CatalogCourseRun.objects.bulk_create(
            CatalogCourseRun(course_key=f"course-v1:ExampleX+C{number}+2026") for number in range(rows)
        )
        CourseOverviewFactory(id="course-v1:ExampleX+C1+2026")
        with django_assert_max_num_queries(8):
            admin_client.get(LIST)

    def test_exact_key_is_asked_of_the_index(self, many, admin_client):
        with CaptureQueriesContext(connection) as captured:
            found(admin_client, "q=course-v1:ExampleX%2BC00007%2B2026")
        assert not [query for query in captured.captured_queries if "%ExampleX" in query["sql"]]

    def test_far_page_can_be_reached(self, many, admin_client):
        assert found(admin_client, "p=30")[-1] == "course-v1:ExampleX+C02999+2026"

    def test_says_that_there_are_more(self, many, admin_client):
        assert "There are more than are counted here" in admin_client.get(LIST).content.decode()

    def test_does_not_say_so_where_all_are_counted(self, admin_client):
        known()
        assert "There are more than are counted here" not in admin_client.get(LIST).content.decode()


class TestPage:
    """One course: who said what, and what learners get."""

    def test_shows_what_the_catalog_said(self, admin_client):
        assert URL in page(admin_client, known())

    def test_shows_who_has_pinned(self, admin_client, admin_user):
        pin_marketing_url(KEY, PIN, admin_user)
        text = page(admin_client, CatalogCourseRun.objects.get())
        assert (PIN in text, admin_user.username in text) == (True, True)

    @pytest.mark.parametrize(
        ("overview", "sentence"),
        [
            (None, "The course is not in the LMS"),
            ({"social_sharing_url": "https://social.example.com/"}, "social sharing URL, which comes first"),
            ({}, "The Catalog has a marketing URL for it"),
        ],
    )
    def test_says_why_a_learner_gets_the_link(self, admin_client, overview, sentence):
        row = known()
        if overview is not None:
            CourseOverviewFactory(id=KEY, **overview)
        assert sentence in page(admin_client, row)

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            ("unpublished", "The Catalog calls the run unpublished"),
            ("published", "There is no marketing URL for it"),
        ],
    )
    def test_says_why_a_learner_gets_the_page_of_the_lms(self, admin_client, status, sentence):
        CourseOverviewFactory(id=KEY)
        assert sentence in page(admin_client, known(url=None, status=status))

    def test_says_that_the_course_overview_lacks_its_url(self, admin_client):
        CourseOverviewFactory(id=KEY)
        assert "lacks the marketing URL that it is to show" in page(admin_client, known())

    def test_says_that_it_is_pinned(self, admin_client):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        assert "Its marketing URL is pinned." in page(admin_client, CatalogCourseRun.objects.get())

    def test_says_that_another_tool_has_set_it(self, admin_client):
        row = known(url=None)
        CourseOverview.objects.bulk_create([CourseOverviewFactory.build(id=KEY, marketing_url=URL)])
        assert "set by another tool" in page(admin_client, row)

    @pytest.mark.parametrize(
        ("is_pinned", "sentence"), [(True, "has a pinned one"), (False, "the Catalog has one")]
    )
    def test_says_that_a_ccx_course_has_it_from_its_parent(self, admin_client, is_pinned, sentence):
        known()
        if is_pinned:
            pin_marketing_url(KEY, PIN)
        row = known(CCX, url=None)
        CourseOverviewFactory(id=CCX)
        text = page(admin_client, row)
        assert (sentence in text, escape(KEY) in text) == (True, True)

    def test_url_of_another_tool_that_is_not_fit_is_no_link(self, admin_client):
        row = known(url=None)
        unfit = "javascript:alert(1)"
        CourseOverview.objects.bulk_create([CourseOverviewFactory.build(id=KEY, marketing_url=unfit)])
        text = page(admin_client, row)
        assert (unfit in text, f'href="{unfit}"' in text) == (True, False)

    def test_offers_nothing_to_who_may_only_look(self, staff):
        text = page(staff("view_catalogcourserun"), known())
        assert 'type="submit"' not in text.partition('id="content"')[2]

    @pytest.mark.parametrize(
        ("permission", "button"), [("run_sync", "Sync this course now"), ("change_catalogcourserun", "Pin")]
    )
    def test_offers_what_the_user_may_do(self, staff, permission, button):
        text = page(staff("view_catalogcourserun", permission), known())
        assert f'<input type="submit" value="{button}">' in text

    def test_offers_to_unpin_what_is_pinned(self, admin_client):
        pin_marketing_url(KEY, PIN)
        assert 'value="Unpin"' in page(admin_client, CatalogCourseRun.objects.get())

    def test_offers_no_unpinning_of_what_is_not(self, admin_client):
        assert 'value="Unpin"' not in page(admin_client, known())

    def test_takes_few_queries(self, admin_client, django_assert_max_num_queries):
        row = known()
        CourseOverviewFactory(id=KEY)
        with django_assert_max_num_queries(16):
            page(admin_client, row)


class TestPin:
    """The form."""

    def pin(self, client, url=PIN, key=KEY):
        return client.post(PIN_PAGE, {"course_key": key, "url": url}, follow=True)

    def test_page_has_the_form(self, admin_client):
        assert b'name="course_key"' in admin_client.get(PIN_PAGE).content

    def test_starts_with_the_key_it_is_given(self, admin_client):
        response = admin_client.get(PIN_PAGE, {"course_key": KEY})
        assert f'value="{KEY}"' in response.content.decode()

    def test_pins(self, admin_client):
        CourseOverviewFactory(id=KEY)
        self.pin(admin_client)
        assert CourseOverview.objects.get().marketing_url == PIN

    def test_keeps_who(self, admin_client, admin_user):
        self.pin(admin_client)
        assert CatalogCourseRun.objects.get().pinned_by == admin_user

    def test_leads_to_the_page_of_the_course(self, admin_client):
        response = self.pin(admin_client)
        assert response.redirect_chain[-1][0] == page_of(CatalogCourseRun.objects.get())

    def test_is_in_the_history_of_the_object(self, admin_client):
        self.pin(admin_client)
        assert LogEntry.objects.get().get_change_message() == f"Pinned {PIN}"

    @pytest.mark.parametrize(
        ("url", "key", "field"),
        [
            ("/relative", KEY, "url"),
            ("", KEY, "url"),
            ("javascript:alert(1)", KEY, "url"),
            (PIN, "nonsense", "course_key"),
            (PIN, "", "course_key"),
        ],
    )
    def test_what_is_not_fit_is_told_at_its_field(self, admin_client, url, key, field):
        assert list(self.pin(admin_client, url, key).context["form"].errors) == [field]

    def test_what_is_not_fit_pins_nothing(self, admin_client):
        self.pin(admin_client, "/relative")
        assert not CatalogCourseRun.objects.exists()

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_for_who_may(self, staff, method):
        client = staff("view_catalogcourserun", "run_sync")
        assert getattr(client, method)(PIN_PAGE).status_code == 403

    def test_permission_is_enough(self, staff):
        self.pin(staff("change_catalogcourserun"))
        assert CatalogCourseRun.objects.get().pinned_url == PIN


class TestUnpin:
    """The button."""

    @pytest.fixture
    def pinned(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        return CatalogCourseRun.objects.get()

    def unpin(self, client, row):
        return client.post(f"{LIST}{row.pk}/unpin/", follow=True)

    def test_restores_the_url_of_the_catalog(self, admin_client, pinned):
        self.unpin(admin_client, pinned)
        assert CourseOverview.objects.get().marketing_url == URL

    def test_is_in_the_history_of_the_object(self, admin_client, pinned):
        self.unpin(admin_client, pinned)
        assert LogEntry.objects.get().get_change_message() == f"Unpinned {PIN}"

    def test_leads_back_to_the_page_of_the_course(self, admin_client, pinned):
        assert self.unpin(admin_client, pinned).redirect_chain[-1][0] == page_of(pinned)

    def test_of_a_course_that_the_catalog_never_listed_leads_to_the_list(self, admin_client):
        pin_marketing_url(KEY, PIN)
        response = self.unpin(admin_client, CatalogCourseRun.objects.get())
        assert response.redirect_chain[-1][0] == LIST

    def test_is_for_who_may(self, staff, pinned):
        assert self.unpin(staff("view_catalogcourserun", "run_sync"), pinned).status_code == 403

    def test_is_posted(self, admin_client, pinned):
        assert admin_client.get(f"{LIST}{pinned.pk}/unpin/").status_code == 405

    def test_of_a_course_that_is_gone_is_not_found(self, admin_client):
        assert admin_client.post(f"{LIST}7/unpin/").status_code == 404


class TestSyncNow:
    """The button."""

    def sync(self, client, row):
        return client.post(f"{LIST}{row.pk}/sync/", follow=True)

    def test_is_handed_to_a_worker(self, admin_client, broker):
        self.sync(admin_client, known())
        assert broker == [(TASK, {"dry_run": False, "course_keys": [KEY]})]

    def test_without_a_broker_says_which_command_to_run(self, admin_client):
        text = said(self.sync(admin_client, known()))
        assert f"manage.py update_catalog_data --course-key {KEY}" in text

    def test_while_a_sync_runs_hands_nothing_over(self, admin_client, broker):
        SyncRun.objects.create(lease="default", holder="worker 7")
        self.sync(admin_client, known())
        assert broker == []

    def test_is_for_who_may(self, staff, broker):
        client = staff("view_catalogcourserun", "change_catalogcourserun")
        assert (self.sync(client, known()).status_code, broker) == (403, [])

    def test_is_posted(self, admin_client):
        assert admin_client.get(f"{LIST}{known().pk}/sync/").status_code == 405

    def test_leads_back_to_the_page_of_the_course(self, admin_client, broker):
        row = known()
        assert self.sync(admin_client, row).redirect_chain[-1][0] == page_of(row)
