"""The link to a course that a learner shares."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from ccx_keys.locator import CCXLocator
from django.conf.urls.i18n import i18n_patterns
from django.test.utils import override_script_prefix
from django.urls import get_urlconf, path, resolve, reverse, set_urlconf
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from opaque_keys.edx.keys import CourseKey

from catalog_sync.links import (
    get_lms_link_for_about_page,
    source_of_link,
)
from tests.factories import CourseOverviewFactory

SOCIAL = "https://go.example.com/join"
MARKETING = "https://www.example.com/course/one"
KEYS = ["course-v1:ExampleX+One+2026", "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"]

LMS = "https://lms.example.com"
# Characters of which some are quoted in a URL.
RUN_CHARACTERS = "aZ9_-.~:@é %&#'\"<"


class Studio:
    """The URLs of Studio, which has no about pages."""

    urlpatterns = []


class Elsewhere:
    """The URLs of an LMS whose about pages are in another place, in each language."""

    urlpatterns = i18n_patterns(path("about/<path:course_id>", lambda request: None, name="about_course"))


@contextmanager
def override_urlconf(urlconf):
    before = get_urlconf()
    set_urlconf(urlconf)
    try:
        yield
    finally:
        set_urlconf(before)


def course_overview(**fields):
    fields = {
        "id": CourseKey.from_string(KEYS[0]),
        "social_sharing_url": None,
        "marketing_url": None,
    } | fields
    return SimpleNamespace(**fields)


def absent_or(values):
    return st.sampled_from([None, ""]) | values


@st.composite
def courses(draw):
    """Any object with an id, with any of the fields."""
    fields = {name: absent_or(st.text()) for name in ("social_sharing_url", "marketing_url", "about_url")}
    return SimpleNamespace(**draw(st.fixed_dictionaries({"id": st.text()}, optional=fields)))


class TestLink:
    """``get_lms_link_for_about_page``."""

    @pytest.fixture(autouse=True)
    def lms(self, settings):
        settings.LMS_ROOT_URL = "https://lms.example.com"

    @pytest.mark.parametrize("absent", [None, ""])
    def test_is_the_social_sharing_url_else_the_marketing_url_else_the_about_page(self, absent):
        courses = [
            course_overview(social_sharing_url=SOCIAL, marketing_url=MARKETING),
            course_overview(social_sharing_url=absent, marketing_url=MARKETING),
            course_overview(social_sharing_url=absent, marketing_url=absent),
        ]
        assert [get_lms_link_for_about_page(each) for each in courses] == [
            SOCIAL,
            MARKETING,
            f"{LMS}/courses/{KEYS[0]}/about",
        ]
        assert [source_of_link(each) for each in courses] == [
            "social_sharing_url",
            "marketing_url",
            "about_course",
        ]

    @pytest.mark.parametrize("key", KEYS)
    def test_about_page_is_an_absolute_url_that_resolves_to_the_course(self, key):
        link = get_lms_link_for_about_page(course_overview(id=CourseKey.from_string(key)))
        assert link == f"{LMS}/courses/{key}/about"
        assert resolve(urlsplit(link).path).kwargs == {"course_id": key}

    def test_ccx_locator_object_is_a_key(self):
        key = CCXLocator.from_course_locator(CourseKey.from_string(KEYS[0]), "7")
        assert get_lms_link_for_about_page(course_overview(id=key)).endswith(f"/courses/{KEYS[2]}/about")

    def test_slash_at_the_end_of_the_root_is_dropped(self, settings):
        settings.LMS_ROOT_URL = "https://lms.example.com/"
        assert get_lms_link_for_about_page(course_overview()).startswith("https://lms.example.com/courses/")

    @given(st.sampled_from(KEYS), st.text(RUN_CHARACTERS, min_size=1), st.sampled_from([None, Elsewhere]))
    def test_about_page_is_the_path_that_django_reverses(self, key, run, urlconf):
        row = course_overview(id=key + run)
        with override_urlconf(urlconf):
            links = [get_lms_link_for_about_page(row) for _ in range(2)]
            assert links == ["https://lms.example.com" + reverse("about_course", args=[row.id])] * 2

    def test_about_page_follows_the_urls_and_the_language_of_the_request(self):
        links = [get_lms_link_for_about_page(course_overview())]
        with override_urlconf(Elsewhere):
            links.append(get_lms_link_for_about_page(course_overview()))
            with translation.override("de"):
                links.append(get_lms_link_for_about_page(course_overview()))
        assert links == [
            f"{LMS}/courses/{KEYS[0]}/about",
            f"{LMS}/en-us/about/{KEYS[0]}",
            f"{LMS}/de/about/{KEYS[0]}",
        ]

    def test_about_page_follows_the_urls_and_the_prefix_of_the_lms(self, settings):
        get_lms_link_for_about_page(course_overview())
        with override_script_prefix("/lms/"):
            assert get_lms_link_for_about_page(course_overview()) == f"{LMS}/lms/courses/{KEYS[0]}/about"
        settings.ROOT_URLCONF = Elsewhere
        assert get_lms_link_for_about_page(course_overview()) == f"{LMS}/en-us/about/{KEYS[0]}"

    def test_course_block_has_the_about_page(self):
        block = SimpleNamespace(id=CourseKey.from_string(KEYS[0]), social_sharing_url=None)
        assert get_lms_link_for_about_page(block) == f"{LMS}/courses/{KEYS[0]}/about"

    def test_model_without_social_sharing_url_has_the_marketing_url(self):
        row = SimpleNamespace(id=CourseKey.from_string(KEYS[0]), marketing_url=MARKETING)
        assert (get_lms_link_for_about_page(row), source_of_link(row)) == (MARKETING, "marketing_url")

    def test_marketing_url_is_in_the_mapped_field(self, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "about_url"}
        row = course_overview(about_url=MARKETING, marketing_url="https://old.example.com/")
        assert (get_lms_link_for_about_page(row), source_of_link(row)) == (MARKETING, "marketing_url")

    @given(st.sampled_from(KEYS), st.text(RUN_CHARACTERS))
    def test_about_page_in_studio_is_the_one_of_the_lms(self, key, run):
        row = course_overview(id=key + run)
        in_lms = get_lms_link_for_about_page(row)
        with override_urlconf(Studio):
            assert get_lms_link_for_about_page(row) == in_lms

    @given(courses(), st.sampled_from([None, Studio]))
    def test_any_object_with_an_id_has_a_link(self, course, urlconf):
        with override_urlconf(urlconf):
            link = get_lms_link_for_about_page(course)
        fields = [getattr(course, name, None) for name in ("social_sharing_url", "marketing_url")]
        assert link == next(filter(None, fields), link)
        assert (source_of_link(course) == "about_course") == (not any(fields))
        assert link

    @pytest.mark.django_db
    @pytest.mark.parametrize("fields", [{}, {"marketing_url": MARKETING}, {"social_sharing_url": SOCIAL}])
    def test_takes_no_query(self, fields, django_assert_num_queries):
        row = CourseOverviewFactory(**fields)
        with django_assert_num_queries(0):
            get_lms_link_for_about_page(row)


class TestPlatform:
    """The base of the about page in edx-platform."""

    SITE, MFE = "https://site.example.com", "https://catalog.example.com"

    @pytest.fixture(autouse=True)
    def lms(self, settings, edx_platform):
        settings.LMS_ROOT_URL = LMS
        settings.CATALOG_MICROFRONTEND_URL = self.MFE

    @pytest.fixture
    def site(self, edx_platform):
        return edx_platform.site

    def base(self):
        return get_lms_link_for_about_page(course_overview()).removesuffix(f"/courses/{KEYS[0]}/about")

    @pytest.mark.parametrize(("root", "base"), [(SITE, SITE), (f"{SITE}/", SITE), (None, LMS)])
    def test_is_the_root_of_the_site_or_the_setting(self, site, root, base):
        site["LMS_ROOT_URL"] = root
        assert self.base() == base

    def test_follows_the_site_for_a_path_that_is_cached(self, site):
        bases = [self.base()]
        site["LMS_ROOT_URL"] = self.SITE
        assert [*bases, self.base()] == [LMS, self.SITE]

    @pytest.mark.parametrize(("is_used", "base"), [(True, MFE), (False, LMS)])
    def test_is_the_catalog_mfe_if_the_lms_uses_it(self, edx_platform, is_used, base):
        edx_platform.use_catalog_mfe(is_used)
        assert self.base() == base

    def test_is_the_catalog_mfe_of_the_site(self, edx_platform, site):
        edx_platform.use_catalog_mfe(True)
        site["CATALOG_MICROFRONTEND_URL"] = self.SITE
        assert self.base() == self.SITE

    def test_is_the_root_if_the_catalog_mfe_has_no_url(self, edx_platform, settings):
        edx_platform.use_catalog_mfe(True)
        settings.CATALOG_MICROFRONTEND_URL = None
        assert self.base() == LMS
