"""The admin's course runs: found fast among many, explained one by one, pinned and synced by a button."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from catalog_sync import conf
from catalog_sync.api import pin_marketing_url
from catalog_sync.models import CatalogCourseRun, SyncRun, SyncRunChange
from sandbox.lms.course_overviews.models import CourseOverview
from tests.admin_client import client_of
from tests.factories import CourseOverviewFactory
from tests.unit.admin.course_runs import CCX, KEY, LIST, LONGER, OTHER, PIN, PIN_PAGE, URL, known, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]


def found(client, query=""):
    return [row.course_key for row in client.get(f"{LIST}?{query}").context["cl"].result_list]


def page(client, row):
    return client.get(page_of(row)).content.decode()


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
    def test_finds_course_runs_by_a_part_of_the_key_or_url(self, admin_client, term, keys):
        assert found(admin_client, f"q={term.replace('+', '%2B')}") == keys

    @pytest.mark.parametrize("term", ["AccraX", "accrax", "Accra"])
    def test_finds_all_kinds_of_keys_of_an_organization(self, admin_client, term):
        keys = ["AccraX/A/1", "ccx-v1:AccraX+A+1+ccx@7", "course-v1:AccraX+A+1"]
        for key in keys:
            known(key)
        assert found(admin_client, f"q={term}") == keys

    @pytest.mark.parametrize(
        ("query", "leads"),
        [("q=course-v1:A%2BB%2B1", True), ("q=Other", False), ("", False), ("published=no", False)],
    )
    def test_that_finds_nothing_leads_to_the_page_about_the_link(self, query, leads, admin_client):
        html = admin_client.get(f"{LIST}?{query}").content.decode()
        assert 'id="searchbar"' in html
        assert ("No stored course run matches." in html) == leads
        assert ("/admin/catalog_sync/catalogoverview/course/?q=course-v1%3AA%2BB%2B1" in html) == leads

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
        known("course-v1:E+E+1", url=None, status="")
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
    def test_leaves_the_course_runs_that_match(self, admin_client, query, letters):
        keys = found(admin_client, query)
        assert sorted(key.partition(":")[2][0] if key != CCX else "c" for key in keys) == sorted(letters)


class TestRejected:
    """Course runs whose record in the Catalog is rejected."""

    @pytest.fixture(autouse=True)
    def row(self):
        CourseOverviewFactory(id=KEY, marketing_url=URL)
        known(OTHER)
        row = known()
        self.run = self.sync_run()
        self.change = SyncRunChange.objects.create(
            sync_run=self.run, kind="rejected", course_key=KEY, new="/one", reason="not an absolute URL"
        )
        return row

    def sync_run(self, **values):
        return SyncRun.objects.create(
            **{"status": "succeeded", "course_runs_rejected": 1, "finished": timezone.now()} | values
        )

    @pytest.mark.parametrize(("value", "keys"), [("yes", [KEY]), ("no", [OTHER])])
    def test_filter_leaves_the_rejected_or_the_others(self, admin_client, value, keys):
        assert found(admin_client, f"rejected={value}") == keys

    def test_filter_leaves_out_those_that_were_accepted_later(self, admin_client):
        known(url=f"{URL}/2")
        assert found(admin_client, "rejected=yes") == []

    def test_filter_leaves_out_those_that_a_later_full_sync_accepted(self, admin_client):
        self.sync_run(course_runs_rejected=0)
        assert found(admin_client, "rejected=yes") == []

    def test_filter_leaves_out_those_of_another_catalog(self, admin_client, settings):
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in ("default", "two")}
        SyncRun.objects.update(catalog="two")
        assert found(admin_client, "rejected=yes") == []

    def test_page_shows_the_last_accepted_and_the_rejected_value(self, admin_client, row):
        html = page(admin_client, row)
        assert f">{URL}</a> (last accepted value)" in html
        run_page = f"/admin/catalog_sync/syncrun/{self.run.pk}/change/"
        assert f'/one (not an absolute URL, <a href="{run_page}">sync run {self.run.pk}</a>)' in html

    def test_page_of_another_course_run_has_no_rejected_value(self, admin_client):
        html = page(admin_client, CatalogCourseRun.objects.get(course_key=OTHER))
        assert ("last accepted value" in html, "Rejected value" in html) == (False, False)


class TestList:
    """The list itself."""

    def test_shows_the_pin_before_the_url_of_the_catalog(self, admin_client):
        known()
        pin_marketing_url(KEY, PIN)
        text = admin_client.get(LIST).content.decode()
        assert (PIN in text, URL in text) == (True, False)

    @pytest.mark.parametrize("permissions", [[], ["pin_marketing_url"]])
    def test_offers_to_pin_to_those_who_may(self, permissions):
        html = client_of("view_catalogcourserun", *permissions).get(LIST).content.decode()
        assert (PIN_PAGE in html) == bool(permissions)

    def test_whole_url_is_in_the_title_of_its_line(self, admin_client):
        url = f"https://www.example.com/{'long/' * 100}"
        known(url=url)
        assert f'title="{url}"' in admin_client.get(LIST).content.decode()

    @pytest.mark.parametrize(
        ("shown", "in_step"), [(URL, True), (None, False), ("", False), ("https://x.org", False)]
    )
    def test_shows_whether_the_course_overview_is_up_to_date(self, admin_client, shown, in_step):
        CourseOverviewFactory(id=KEY, marketing_url=shown)
        known()
        [row] = admin_client.get(LIST).context["cl"].result_list
        assert row.course_status.is_up_to_date == in_step

    def test_shows_that_a_course_is_not_in_the_lms(self, admin_client):
        known()
        [row] = admin_client.get(LIST).context["cl"].result_list
        assert row.course_status == (False, None, URL)

    def test_ccx_course_with_the_url_of_its_parent_is_up_to_date(self, admin_client):
        known()
        known(CCX, url=None)
        CourseOverviewFactory(id=CCX)
        rows = admin_client.get(LIST).context["cl"].result_list
        assert next(row for row in rows if row.course_key == CCX).course_status.is_up_to_date


class TestManyRows:
    """The number of queries does not grow with the table."""

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
    def test_list_takes_twelve_queries(self, admin_client, rows, django_assert_max_num_queries):
        CatalogCourseRun.objects.bulk_create(
            CatalogCourseRun(course_key=f"course-v1:ExampleX+C{number}+2026") for number in range(rows)
        )
        CourseOverviewFactory(id="course-v1:ExampleX+C1+2026")
        with django_assert_max_num_queries(12):
            admin_client.get(LIST)

    def test_exact_key_is_found_with_the_index(self, many, admin_client):
        with CaptureQueriesContext(connection) as captured:
            found(admin_client, "q=course-v1:ExampleX%2BC00007%2B2026")
        assert not [query for query in captured.captured_queries if "%ExampleX" in query["sql"]]

    def test_far_page_can_be_reached(self, many, admin_client):
        assert found(admin_client, "p=60")[-1] == "course-v1:ExampleX+C02999+2026"
        pages = [admin_client.get(f"{LIST}{query}").content.decode() for query in ("", "?p=60")]
        assert ["Not all course runs are counted" in html for html in pages] == [True, False]

    def test_page_has_fifty_rows_and_all_cannot_be_shown_at_once(self, many, admin_client):
        assert [len(found(admin_client, query)) for query in ("", "all=")] == [50, 50]


class TestPage:
    """One course: the data of the Catalog and of the LMS, and the link that learners get."""

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            ("unpublished", escape("status 'unpublished' in the Catalog")),
            ("published", "The Catalog lists this course without a marketing URL"),
        ],
    )
    def test_shows_why_a_learner_gets_the_about_page(self, admin_client, status, sentence):
        CourseOverviewFactory(id=KEY)
        assert sentence in page(admin_client, known(url=None, status=status))

    def test_shows_the_data_the_link_and_the_pin(self, admin_client, admin_user):
        row = known()
        CourseOverviewFactory(id=KEY)
        html = page(admin_client, row)
        assert f'<a href="{URL}" rel="noreferrer">{URL}</a>' in html
        assert ("The Catalog has this marketing URL" in html, 'value="Unpin"' in html) == (True, False)
        pin_marketing_url(KEY, PIN, admin_user, "Until Friday")
        html = page(admin_client, row)
        assert (PIN in html, admin_user.username in html, "Until Friday" in html) == (True, True, True)
        assert ("Its marketing URL is pinned." in html, 'value="Unpin"' in html) == (True, True)

    def test_url_of_another_tool_that_is_not_fit_is_no_link(self, admin_client):
        row = known(url=None)
        unfit = "javascript:alert(1)"
        CourseOverview.objects.bulk_create([CourseOverviewFactory.build(id=KEY, marketing_url=unfit)])
        link_page = admin_client.get(
            "/admin/catalog_sync/catalogoverview/course/", {"q": KEY}
        ).content.decode()
        for html in (page(admin_client, row), link_page):
            assert (unfit in html, f'href="{unfit}"' in html) == (True, False)

    def test_viewer_gets_no_buttons(self):
        text = page(client_of("view_catalogcourserun"), known())
        assert 'type="submit"' not in text.partition('id="content"')[2]

    @pytest.mark.parametrize(
        ("permission", "button"), [("run_sync", "Sync this course now"), ("pin_marketing_url", "Pin")]
    )
    def test_offers_what_the_user_may_do(self, permission, button):
        text = page(client_of("view_catalogcourserun", permission), known())
        assert f'<input type="submit" value="{button}">' in text

    def test_takes_fifteen_queries(self, admin_client, django_assert_max_num_queries):
        row = known()
        CourseOverviewFactory(id=KEY)
        page(admin_client, row)  # fills the cache of content types
        with django_assert_max_num_queries(15):
            page(admin_client, row)


class TestLinkOfThePlatform:
    """The link and the reason on the page of a course, in an LMS that is edx-platform."""

    ABOUT, SOCIAL = f"https://lms.example.com/courses/{KEY}/about", "https://social.example.com/"
    OTHER_URL, OTHER_STEP = "https://other.example.com/course", "other.plugin.Step"

    @pytest.fixture(autouse=True)
    def platform(self, settings, edx_platform):
        settings.LMS_ROOT_URL = "https://lms.example.com"
        settings.FEATURES = {"ENABLE_MKTG_SITE": False}
        settings.SOCIAL_SHARING_SETTINGS = {"CUSTOM_COURSE_URLS": True}
        settings.OPEN_EDX_FILTERS_CONFIG = {}
        return edx_platform

    @pytest.fixture
    def shown(self, admin_client):
        """Return the link, and the reason, on the page of a course with these fields."""

        def shown(**fields):
            row = known()
            CourseOverviewFactory(id=KEY, **fields)
            explained = admin_client.get(page_of(row)).context["original"].explained
            return explained.link, explained.reason.partition(" A sync stored it")[0]

        return shown

    def test_is_the_about_page_if_nothing_returns_the_marketing_url(self, shown):
        link, why = shown()
        assert link == self.ABOUT
        assert f"does not contain the filter step {conf.ABOUT_PAGE_STEP}" in why
        assert 'FEATURES["ENABLE_MKTG_SITE"] is off' in why

    def test_names_the_setting_that_turns_the_filter_step_off(self, shown, settings):
        settings.CATALOG_SYNC_ABOUT_PAGE_FILTER = False
        assert "CATALOG_SYNC_ABOUT_PAGE_FILTER" in shown()[1]

    def test_is_the_marketing_url_with_the_flag(self, shown, settings):
        settings.FEATURES = {"ENABLE_MKTG_SITE": True}
        assert shown() == (URL, "The Catalog has this marketing URL for the course.")

    def test_is_the_marketing_url_in_later_releases(self, shown, platform):
        platform.use(platform.link_of_later_releases)
        assert shown() == (URL, "The Catalog has this marketing URL for the course.")

    def test_is_the_social_sharing_url_if_the_lms_uses_it(self, shown):
        link, why = shown(social_sharing_url=self.SOCIAL)
        assert (link, "which has priority" in why) == (self.SOCIAL, True)

    def test_names_the_setting_that_turns_social_sharing_urls_off(self, shown, platform, settings):
        platform.use(platform.link_of_later_releases)
        settings.SOCIAL_SHARING_SETTINGS = {"CUSTOM_COURSE_URLS": False}
        link, why = shown(social_sharing_url=self.SOCIAL)
        assert link == URL
        assert 'SOCIAL_SHARING_SETTINGS["CUSTOM_COURSE_URLS"] is off' in why
        assert "ENABLE_MKTG_SITE" not in why

    def test_social_sharing_urls_can_be_off_for_the_site(self, shown, platform):
        platform.use(platform.link_of_later_releases)
        platform.site["SOCIAL_SHARING_SETTINGS"] = {}
        assert "CUSTOM_COURSE_URLS" in shown(social_sharing_url=self.SOCIAL)[1]

    def test_names_both_settings_if_both_matter(self, shown, settings):
        settings.SOCIAL_SHARING_SETTINGS = {}
        link, why = shown(social_sharing_url=self.SOCIAL)
        assert (link, "CUSTOM_COURSE_URLS" in why, "ENABLE_MKTG_SITE" in why) == (self.ABOUT, True, True)

    def test_names_the_filter_step_of_another_plugin(self, shown, platform, settings):
        platform.use(lambda course: self.OTHER_URL)
        settings.OPEN_EDX_FILTERS_CONFIG = {conf.ABOUT_PAGE_FILTER: [self.OTHER_STEP]}
        link, why = shown()
        assert (link, self.OTHER_STEP in why) == (self.OTHER_URL, True)

    def test_does_not_name_the_flag_if_the_lms_uses_the_social_sharing_url(self, shown, platform):
        platform.use(lambda course: settings.FEATURES.get("ENABLE_MKTG_SITE") or self.OTHER_URL)
        assert "ENABLE_MKTG_SITE" not in shown(social_sharing_url=self.SOCIAL)[1]

    def test_has_a_reason_for_a_link_that_nobody_expects(self, shown, platform):
        platform.use(lambda course: self.OTHER_URL)
        link, why = shown(marketing_url=URL)
        assert (link, "returns another link than this app expects" in why) == (self.OTHER_URL, True)

    def test_quoting_alone_makes_no_difference(self, admin_client):
        key = "course-v1:ExampleX+\N{LATIN SMALL LETTER E WITH ACUTE}+2026"
        CourseOverviewFactory(id=key)
        text = page(admin_client, known(key, url=None))
        assert "The Catalog lists this course without a marketing URL" in text

    def test_is_the_link_of_this_app_if_the_platform_fails(self, shown, platform, caplog):
        platform.use(lambda course: course.no_such_field)
        assert shown() == (URL, "The Catalog has this marketing URL for the course.")
        [line] = [message for message in caplog.messages if "platform_link_failed" in message]
        assert (f"course_key={KEY}" in line, "AttributeError" in line) == (True, True)
