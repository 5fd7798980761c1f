"""The pipeline step that replaces the URL of an about page by the marketing URL, run by the real filter."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from edx_django_utils.cache import RequestCache
from hypothesis import given
from hypothesis import strategies as st
from openedx_filters import PipelineStep
from openedx_filters.learning.filters import CourseAboutPageURLRequested

from catalog_sync import conf
from catalog_sync.api import pin_marketing_url
from catalog_sync.operations import marketing_url_cache
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import add_course_overviews
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

KEY, OLD_KEY, CCX_KEY = "course-v1:ExampleX+One+2026", "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"
KEYS = [KEY, OLD_KEY, CCX_KEY, "course-v1:ÉcoleX+Un+2026", "course-v1:Example_X+One.2+2026-T1"]
LMS = "https://lms.example.com"
URL = "https://www.example.com/course/one"
SOCIAL_URL = "https://go.example.com/one"


def about_page(key, root=LMS):
    return f"{root}/courses/{key}/about"


def padded(length):
    """Return the URL of an about page with so many characters."""
    rest = about_page(KEY, f"{LMS}/")
    return about_page(KEY, f"{LMS}/{'a' * (length - len(rest))}")


def filtered(url, org="ExampleX"):
    """Return the URL after the filter."""
    return CourseAboutPageURLRequested.run_filter(url=url, org=org)[0]


def queries_of(*urls):
    """Return the number of queries for filtering the URLs."""
    with statements() as sent:
        for url in urls:
            filtered(url)
    return len(sent.all())


@pytest.fixture
def course():
    add_course_overviews(KEY, marketing_url=URL)


class TestReplaces:
    """The URL of an about page becomes the marketing URL of the course."""

    @pytest.mark.parametrize(
        ("key", "in_url"),
        [
            *((key, key) for key in KEYS),
            (OLD_KEY, "ExampleX%2FOne%2F2026"),
            ("ExampleX/courses/2026", "ExampleX/courses/2026"),
            ("course-v1:ÉcoleX+Un+2026", "course-v1:%C3%89coleX+Un+2026"),
        ],
    )
    def test_with_a_course_key_of_every_kind_and_encoding(self, key, in_url):
        add_course_overviews(key, marketing_url=URL)
        assert filtered(about_page(in_url)) == URL

    @pytest.mark.parametrize(
        "url",
        [
            f"{LMS}/courses/{KEY}/about/",
            f"http://127.0.0.1:18000/courses/{KEY}/about",
            f"https://tenant.example.org:8443/courses/{KEY}/about",
            f"https://[2001:db8::7]/courses/{KEY}/about",
            f"https://apps.example.com/catalog/courses/{KEY}/about",
            f"https://apps.example.com/courses/courses/{KEY}/about",
            f"{LMS}//courses/{KEY}/about",
            f"{LMS}/courses/{KEY.replace('+', '%2B')}/about",
            f"{LMS}/courses/{KEY.replace('+', '%2b')}/about",
            f"{LMS}/courses/{KEY.replace('+', '%2B').replace(':', '%3A')}/about",
        ],
    )
    def test_on_any_host_and_in_any_encoding(self, url, course):
        assert filtered(url) == URL

    def test_in_the_longest_url(self, course):
        longest, too_long = padded(2_048), padded(2_049)
        assert [filtered(longest), filtered(too_long)] == [URL, too_long]

    def test_with_the_longest_key(self):
        longest, too_long = (KEY + "x" * (length - len(KEY)) for length in (255, 256))
        add_course_overviews(longest, marketing_url=URL)
        assert queries_of(about_page(too_long)) == 0
        assert filtered(about_page(longest)) == URL

    def test_by_a_pinned_url(self, course):
        pin_marketing_url(KEY, "https://www.example.com/pinned")
        assert filtered(about_page(KEY)) == "https://www.example.com/pinned"

    def test_although_the_course_has_another_social_sharing_url(self):
        add_course_overviews(KEY, marketing_url=URL, social_sharing_url=SOCIAL_URL)
        assert filtered(about_page(KEY)) == URL

    def test_after_the_steps_of_others(self, settings, course):
        settings.OPEN_EDX_FILTERS_CONFIG = {
            conf.ABOUT_PAGE_FILTER: {"pipeline": ["tests.unit.test_filters.TenantStep", conf.ABOUT_PAGE_STEP]}
        }
        assert filtered("https://lms.example.com/tenant") == URL

    def test_and_keeps_the_organization(self, course):
        result = CourseAboutPageURLRequested.run_filter(url=about_page(KEY), org="ExampleX")
        assert result == (URL, "ExampleX")

    def test_in_a_host_with_another_model_and_field(self, settings):
        """Its primary key is text, and it has no social sharing URL."""
        settings.CATALOG_SYNC_COURSE_OVERVIEW_MODEL = "sessions.Session"
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "session_data"}
        Session.objects.create(session_key=KEY, session_data=URL, expire_date=timezone.now())
        assert filtered(about_page(KEY)) == URL


class TenantStep(PipelineStep):
    """The step of another plugin, which runs first."""

    def run_filter(self, url, org):
        return {"url": about_page(KEY), "org": org}


class TestKeeps:
    """Any other URL is returned as it is."""

    @pytest.mark.parametrize(
        "url",
        [
            None,
            "",
            7,
            b"https://lms.example.com/courses/course-v1:ExampleX+One+2026/about",
            ["https://lms.example.com"],
            LMS,
            SOCIAL_URL,
            URL,
            f"/courses/{KEY}/about",
            f"//lms.example.com/courses/{KEY}/about",
            f"https:///courses/{KEY}/about",
            f"lms.example.com/courses/{KEY}/about",
            f"{LMS}/courses/{KEY}/about?next=1",
            f"{LMS}/courses/{KEY}/about#top",
            f"{LMS}/?next=/courses/{KEY}/about",
            f"{LMS}/#/courses/{KEY}/about",
            f"{LMS}/courses/{KEY}/about//",
            f"{LMS}/courses/{KEY}/about\n",
            f"{LMS}/courses/{KEY}/about/us",
            f"{LMS}/courses/{KEY}/info",
            f"{LMS}/courses/{KEY}about",
            f"{LMS}/courses/{KEY}",
            f"{LMS}/course/{KEY}/about",
            f"{LMS}/mycourses/{KEY}/about",
        ],
    )
    def test_url_that_is_not_one_of_an_about_page(self, url, course):
        assert filtered(url) == url

    @pytest.mark.parametrize(
        "key",
        [
            KEY.lower(),
            "course-v1:ExampleX+One+2027",
            "course-v1:ExampleX+One",
            "course-v1:ExampleX",
            "course-v1:ExampleX+One+2026 ",
            "course-v1:ExampleX+One+2026%00",
            "course-v1:ExampleX+One+2026%0A",
            "course-v1:ExampleX+One+%",
            "course-v1:%+One+2026",
            "course-v1:_xampleX+One+2026",
            "course-v1:ExampleX+One+2026%FF",
            "course-v1:ExampleX%252BOne%252B2026",
            "course-v1:ExampleX+One+2026'--",
            "course-v1:ExampleX+One+2026%27%20OR%201=1--",
            "library-v1:ExampleX+One",
            "block-v1:ExampleX+One+2026+type@html+block@one",
            "../../etc/passwd",
            "..",
            "course-v1:ExampleX+One+2026\ud800",
            "course-v1:ExampleX+One+" + "2" * 300,
            "course-v1:ExampleX+One+" + "2" * 1_000_000,
        ],
    )
    def test_about_page_of_another_or_a_crafted_key(self, key, course, caplog):
        assert filtered(about_page(key)) == about_page(key)
        assert caplog.records == []

    @pytest.mark.parametrize("marketing_url", [None, "", " ", "\t\n"])
    def test_about_page_of_a_course_without_marketing_url(self, marketing_url):
        add_course_overviews(KEY, marketing_url=marketing_url)
        assert filtered(about_page(KEY)) == about_page(KEY)

    def test_social_sharing_url_that_is_an_about_page_of_the_course(self):
        social_url = about_page(KEY, "https://tenant.example.org")
        add_course_overviews(KEY, marketing_url=URL, social_sharing_url=social_url)
        assert filtered(social_url) == social_url

    def test_about_page_if_the_setting_is_off(self, settings, course):
        settings.CATALOG_SYNC_ABOUT_PAGE_FILTER = False
        with statements() as sent:
            assert filtered(about_page(KEY)) == about_page(KEY)
        assert sent.all() == []

    # The texts have no slash and no plus sign, so they are not course keys.
    @given(
        root=st.sampled_from(["", LMS, f"{LMS}/catalog", "ftp://x"]),
        texts=st.lists(st.text(st.characters(exclude_characters="/+%")), max_size=2),
        end=st.sampled_from(["", "/about", "/about/", "/info"]),
    )
    def test_every_url_without_a_course_key(self, root, texts, end):
        url = "/".join([root, "courses", *texts]) + end
        with CaptureQueriesContext(connection) as queries:
            assert filtered(url) == url
        assert not queries

    def test_crafted_url_takes_little_time(self):
        crafted = [LMS + "/courses/a" * 200, LMS + "/courses" * 250, "a" * 2_000, f"{LMS}/{'/' * 2_000}"]
        started = time.thread_time()
        for number in range(100):
            for url in crafted:
                filtered(url + str(number))
        assert time.thread_time() - started < 1


class TestQueries:
    """One query per organization and request."""

    KEYS = [f"course-v1:ExampleX+C{number}+2026" for number in range(50)]

    @pytest.mark.parametrize("marketing_url", [URL, None])
    def test_one_for_an_organization(self, marketing_url):
        add_course_overviews(*self.KEYS, OLD_KEY, CCX_KEY, marketing_url=marketing_url)
        assert queries_of(*map(about_page, [*self.KEYS, OLD_KEY, CCX_KEY])) == 1

    def test_one_for_each_of_several_organizations(self):
        keys = [f"course-v1:Org{number % 20}X+C{number}+2026" for number in range(60)]
        add_course_overviews(*keys, marketing_url=URL)
        assert queries_of(*map(about_page, keys)) == 20

    @pytest.mark.parametrize("url", [None, SOCIAL_URL, about_page("course-v1:ExampleX"), f"{LMS}/courses"])
    def test_none_for_other_urls(self, url):
        assert queries_of(url) == 0

    def test_the_next_request_reads_again(self, course):
        filtered(about_page(KEY))
        CourseOverview.objects.update(marketing_url="https://www.example.com/new")
        RequestCache.clear_all_namespaces()
        assert filtered(about_page(KEY)) == "https://www.example.com/new"


class TestOutsideARequest:
    """Nothing clears the request cache there, so its content expires."""

    @pytest.fixture
    def clock(self, monkeypatch):
        """The only item is the time in seconds."""
        now = [0]
        monkeypatch.setattr(marketing_url_cache, "monotonic", lambda: now[0])
        return now

    def test_the_url_is_read_again_after_a_minute(self, course, clock):
        filtered(about_page(KEY))
        CourseOverview.objects.update(marketing_url="https://www.example.com/new")
        clock[0] = 59
        assert filtered(about_page(KEY)) == URL
        clock[0] = 60
        assert filtered(about_page(KEY)) == "https://www.example.com/new"

    def test_urls_of_other_organizations_are_not_kept_for_longer(self, course, clock):
        add_course_overviews("course-v1:OtherX+One+2026", marketing_url=URL)
        filtered(about_page(KEY))
        clock[0] = 60
        other = about_page("course-v1:OtherX+One+2026")
        assert queries_of(other, about_page(KEY), other) == 2


class TestLargeOrganization:
    """It has more courses than its first link reads."""

    KEYS = [f"course-v1:ExampleX+C{number}+2026" for number in range(5)]

    @pytest.fixture(autouse=True)
    def few_rows(self, monkeypatch):
        monkeypatch.setattr(marketing_url_cache, "MAX_ROWS", 3)

    def test_every_link_is_replaced(self):
        for number, key in enumerate(self.KEYS):
            add_course_overviews(key, marketing_url=f"{URL}/{number}")
        links = [filtered(about_page(key)) for key in self.KEYS]
        assert links == [f"{URL}/{number}" for number in range(5)]

    def test_links_that_were_not_read_take_one_query_each_once(self):
        add_course_overviews(*self.KEYS[:3], marketing_url=URL)
        add_course_overviews(*self.KEYS[3:])
        assert queries_of(*map(about_page, self.KEYS * 2)) == 1 + 2

    def test_course_key_that_differs_in_case_only_is_another_course(self):
        add_course_overviews(*self.KEYS, marketing_url=URL)
        other = about_page("course-v1:ExampleX+c4+2026")
        assert filtered(other) == other


@contextmanager
def renamed_table():
    """Rename the table of the course overviews, so that every query fails."""
    table = CourseOverview._meta.db_table
    with connection.schema_editor() as editor:
        editor.alter_db_table(CourseOverview, table, "elsewhere")
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(CourseOverview, "elsewhere", table)


@pytest.mark.django_db(transaction=True)
class TestDatabaseError:
    """The links are kept."""

    PAGES = [about_page(f"course-v1:{org}+C{number}+2026") for org in ("AX", "BX") for number in range(3)]

    def test_is_logged_once_per_organization(self, caplog):
        with renamed_table():
            for page in self.PAGES:
                assert filtered(page, org=page.partition("v1:")[2].partition("+")[0]) == page
        assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
        assert [record.message.partition(" reason=")[0] for record in caplog.records] == [
            f"event=catalog_sync.about_page_link_kept run_id=- org={org}" for org in ("AX", "BX")
        ]

    def test_next_request_logs_again_or_replaces_the_link_again(self, caplog, course):
        with renamed_table():
            for _ in range(2):
                filtered(about_page(KEY))
                RequestCache.clear_all_namespaces()
        assert len(caplog.records) == 2
        assert filtered(about_page(KEY)) == URL

    def test_error_at_a_later_link_is_logged_once_and_keeps_what_was_read(self, caplog, course, monkeypatch):
        monkeypatch.setattr(marketing_url_cache, "MAX_ROWS", 1)
        filtered(about_page(KEY))
        with renamed_table():
            for number in range(3):
                filtered(about_page(f"course-v1:ExampleX+C{number}+2026"))
        assert len(caplog.records) == 1
        assert filtered(about_page(KEY)) == URL

    def test_transaction_of_the_request_is_kept(self, course):
        with renamed_table(), transaction.atomic():
            filtered(about_page(KEY))
            Session.objects.create(session_key="one", session_data="", expire_date=timezone.now())
        assert Session.objects.filter(session_key="one").exists()

    def test_wrong_setting_is_logged(self, settings, caplog):
        settings.CATALOG_SYNC_COURSE_OVERVIEW_MODEL = "no_such_app.CourseOverview"
        assert filtered(about_page(KEY)) == about_page(KEY)
        assert "no_such_app" in caplog.text
