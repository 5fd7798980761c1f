"""Which link a learner shares, and which URL is fit to be one."""

from __future__ import annotations

from contextlib import contextmanager
from string import ascii_lowercase, digits
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
    MAX_MARKETING_URL_LENGTH,
    get_lms_link_for_about_page,
    marketing_url_fault,
    source_of_link,
)
from tests.factories import CourseOverviewFactory

SOCIAL = "https://go.example.com/join"
MARKETING = "https://www.example.com/course/one"
KEYS = ["course-v1:ExampleX+One+2026", "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"]

LMS = "https://lms.example.com"
# Some that stand as they are in a URL, some that are quoted there.
RUN_CHARACTERS = "aZ9_-.~:@é %&#'\"<"


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


class TestLink:
    """``get_lms_link_for_about_page``."""

    @pytest.fixture(autouse=True)
    def lms(self, settings):
        settings.LMS_ROOT_URL = "https://lms.example.com"

    def test_social_sharing_url_comes_first(self):
        row = course_overview(social_sharing_url=SOCIAL, marketing_url=MARKETING)
        assert get_lms_link_for_about_page(row) == SOCIAL

    @pytest.mark.parametrize("absent", [None, ""])
    def test_marketing_url_comes_second(self, absent):
        row = course_overview(social_sharing_url=absent, marketing_url=MARKETING)
        assert get_lms_link_for_about_page(row) == MARKETING

    @pytest.mark.parametrize("absent", [None, ""])
    def test_about_page_of_the_lms_comes_last(self, absent):
        row = course_overview(social_sharing_url=absent, marketing_url=absent)
        assert get_lms_link_for_about_page(row) == f"https://lms.example.com/courses/{KEYS[0]}/about"

    @pytest.mark.parametrize("key", KEYS)
    def test_about_page_is_absolute_for_every_kind_of_key(self, key):
        link = get_lms_link_for_about_page(course_overview(id=CourseKey.from_string(key)))
        assert link == f"https://lms.example.com/courses/{key}/about"

    @pytest.mark.parametrize("key", KEYS)
    def test_about_page_leads_back_to_the_course(self, key):
        link = get_lms_link_for_about_page(course_overview(id=CourseKey.from_string(key)))
        assert resolve(urlsplit(link).path).kwargs == {"course_id": key}

    def test_ccx_locator_object_is_a_key(self):
        key = CCXLocator.from_course_locator(CourseKey.from_string(KEYS[0]), "7")
        assert get_lms_link_for_about_page(course_overview(id=key)).endswith(f"/courses/{KEYS[2]}/about")

    def test_root_with_a_slash_makes_no_double_slash(self, settings):
        settings.LMS_ROOT_URL = "https://lms.example.com/"
        assert get_lms_link_for_about_page(course_overview()).startswith("https://lms.example.com/courses/")

    @given(st.sampled_from(KEYS), st.text(RUN_CHARACTERS, min_size=1), st.sampled_from([None, Elsewhere]))
    def test_about_page_is_where_django_says(self, key, run, urlconf):
        row = course_overview(id=key + run)
        with override_urlconf(urlconf):
            links = [get_lms_link_for_about_page(row) for _ in range(2)]
            assert links == ["https://lms.example.com" + reverse("about_course", args=[row.id])] * 2

    def test_about_page_follows_the_urls_of_the_request(self):
        before = get_lms_link_for_about_page(course_overview())
        with override_urlconf(Elsewhere):
            link = get_lms_link_for_about_page(course_overview())
        assert (before, link) == (f"{LMS}/courses/{KEYS[0]}/about", f"{LMS}/en-us/about/{KEYS[0]}")

    def test_about_page_follows_the_urls_of_the_lms(self, settings):
        get_lms_link_for_about_page(course_overview())
        settings.ROOT_URLCONF = Elsewhere
        assert get_lms_link_for_about_page(course_overview()) == f"{LMS}/en-us/about/{KEYS[0]}"

    def test_about_page_follows_the_language(self):
        with override_urlconf(Elsewhere):
            get_lms_link_for_about_page(course_overview())
            with translation.override("de"):
                assert get_lms_link_for_about_page(course_overview()) == f"{LMS}/de/about/{KEYS[0]}"

    def test_about_page_follows_the_prefix_of_the_lms(self):
        get_lms_link_for_about_page(course_overview())
        with override_script_prefix("/lms/"):
            link = get_lms_link_for_about_page(course_overview())
        assert link == f"{LMS}/lms/courses/{KEYS[0]}/about"

    @pytest.mark.parametrize(
        ("fields", "source"),
        [
            ({"social_sharing_url": SOCIAL, "marketing_url": MARKETING}, "social_sharing_url"),
            ({"social_sharing_url": "", "marketing_url": MARKETING}, "marketing_url"),
            ({"marketing_url": ""}, "about_course"),
        ],
    )
    def test_source_is_told(self, fields, source):
        assert source_of_link(course_overview(**fields)) == source

    @pytest.mark.django_db
    @pytest.mark.parametrize("fields", [{}, {"marketing_url": MARKETING}, {"social_sharing_url": SOCIAL}])
    def test_asks_the_database_nothing(self, fields, django_assert_num_queries):
        row = CourseOverviewFactory(**fields)
        with django_assert_num_queries(0):
            get_lms_link_for_about_page(row)


FIT = [
    "https://www.example.com/course/one",
    "http://www.example.com/course/one",
    "HTTPS://WWW.EXAMPLE.COM/",
    "https://www.example.com",
    "https://www.example.com:8443/course?x=1&y=2#part",
    "https://my_host.example.com/course",
    "https://bücher.example/kurs/größe",
    "https://xn--bcher-kva.example/kurs",
    "https://例え.テスト/コース",
    "https://शिक्षा.example/course",
    "https://192.0.2.7/course",
    "https://[2001:db8::7]/course",
    "https://www.example.com/course/one%20two",
    "https://www.example.com/@user/course",
]
UNFIT = {
    "script": "javascript:alert(1)",
    "script with a host": "javascript://www.example.com/%0aalert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "another scheme": "ftp://www.example.com/course",
    "file": "file:///etc/passwd",
    "relative path": "course/one",
    "absolute path": "/course/one",
    "without scheme": "//www.example.com/course",
    "host alone": "www.example.com/course",
    "no host": "https:///course",
    "no slashes": "https:www.example.com/course",
    "port without host": "https://:443/course",
    "credentials": "https://user:secret@www.example.com/course",
    "host before an at sign": "https://www.example.com@evil.com/course",
    "empty credentials": "https://@www.example.com/course",
    "space": "https://www.example.com/course one",
    "leading space": " https://www.example.com/course",
    "trailing newline": "https://www.example.com/course\n",
    "newline in the scheme": "java\nscript:alert(1)",
    "tab in the host": "https://www.exa\tmple.com/course",
    "no-break space": "https://www.example.com/course\N{NO-BREAK SPACE}one",
    "ideographic space": "https://www.example.com/course\N{IDEOGRAPHIC SPACE}one",
    "line separator": "https://www.example.com/course\N{LINE SEPARATOR}one",
    "null": "https://www.example.com/course\0",
    "delete": "https://www.example.com/course\x7f",
    "right-to-left override": "https://www.example.com/\N{RIGHT-TO-LEFT OVERRIDE}moc.live",
    "right-to-left isolate": "https://www.example.com/\N{RIGHT-TO-LEFT ISOLATE}moc.live",
    "zero width space": "https://www.exam\N{ZERO WIDTH SPACE}ple.com/course",
    "soft hyphen": "https://www.exam\N{SOFT HYPHEN}ple.com/course",
    "byte order mark": "\N{ZERO WIDTH NO-BREAK SPACE}https://www.example.com/course",
    "lone surrogate": "https://www.example.com/\ud800",
    "backslash for a slash": "https:\\\\www.example.com\\course",
    "backslash before an at sign": "https://evil.com\\@www.example.com/course",
    "port too large": "https://www.example.com:65536/course",
    "port zero": "https://www.example.com:0/course",
    "port of letters": "https://www.example.com:abc/course",
    "negative port": "https://www.example.com:-1/course",
    "port in other digits": "https://www.example.com:\N{FULLWIDTH DIGIT EIGHT}0/course",
    "unclosed bracket": "https://[2001:db8::7/course",
    "bracketed name": "https://[www.example.com]/course",
    "quote in the host": 'https://www.example.com"onclick=/course',
    "markup in the host": "https://<b>.example.com/course",
    "percent in the host": "https://www%2eexample.com/course",
    "percent look-alike in the host": "https://www\N{FULLWIDTH PERCENT SIGN}2eexample.com/course",
    "zone of an IPv6 address": "https://[fe80::7%eth0]/course",
    "markup in the zone of an IPv6 address": 'https://[fe80::7%"><script>]/course',
    "address of a version to come": "https://[v7.2001:db8]/course",
    "empty label": "https://www..example.com/course",
    "dot alone": "https://./course",
    "slash look-alike in the host": "https://evil.com\N{FULLWIDTH SOLIDUS}.example.com/course",
    "empty": "",
}


class TestFault:
    """``marketing_url_fault``, wherever the URL may point to."""

    @pytest.mark.parametrize("url", FIT)
    def test_fit(self, url):
        assert marketing_url_fault(url) is None

    @pytest.mark.parametrize("kind", UNFIT)
    def test_unfit(self, kind):
        assert marketing_url_fault(UNFIT[kind])

    def test_longest(self):
        assert marketing_url_fault("https://www.example.com/".ljust(MAX_MARKETING_URL_LENGTH, "x")) is None

    def test_too_long(self):
        assert "longer than 2048" in marketing_url_fault("https://www.example.com/".ljust(2049, "x"))

    def test_fault_does_not_repeat_the_url(self):
        assert "secret" not in marketing_url_fault(UNFIT["credentials"])


class TestAllowedHosts:
    """``CATALOG_SYNC_MARKETING_URL_HOSTS``."""

    @pytest.mark.parametrize(
        ("pattern", "host"),
        [
            ("good.com", "good.com"),
            ("good.com", "GOOD.com"),
            ("Good.COM", "good.com"),
            ("good.com", "good.com:8443"),
            (".good.com", "good.com"),
            (".good.com", "www.good.com"),
            (".good.com", "a.b.good.com"),
            ("bücher.example", "bücher.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "bücher.example"),
            ("bücher.example", "BÜCHER.example"),
            ("BÜCHER.example", "bücher.example"),
            (".bücher.example", "www.bücher.example"),
            (".bücher.example", "www.xn--bcher-kva.example"),
            (".xn--bcher-kva.example", "www.bücher.example"),
            ("[2001:db8::7]", "[2001:db8::7]"),
            ("192.0.2.7", "192.0.2.7"),
            ("*", "whatever.example"),
        ],
    )
    def test_allowed(self, pattern, host):
        assert marketing_url_fault(f"https://{host}/course", (pattern,)) is None

    @pytest.mark.parametrize(
        ("pattern", "host"),
        [
            ("good.com", "evil.com"),
            ("good.com", "good.com.evil.com"),
            (".good.com", "good.com.evil.com"),
            ("good.com", "www.good.com"),
            ("good.com", "evilgood.com"),
            (".good.com", "evilgood.com"),
            ("good.com", "go\N{CYRILLIC SMALL LETTER O}d.com"),
            ("good.com", "com"),
            # Browsers go to xn--fa-hia.de; the older standard, which Python's own codec follows, to fass.de.
            ("fass.de", "faß.de"),
            ("faß.de", "fass.de"),
            ("", "good.com"),
            (".good.com", "ü" * 64 + ".good.com"),
        ],
    )
    def test_not_allowed(self, pattern, host):
        fault = marketing_url_fault(f"https://{host}/course", (pattern,))
        assert fault == "host not in CATALOG_SYNC_MARKETING_URL_HOSTS"

    def test_any_of_several_is_enough(self):
        assert marketing_url_fault("https://two.com/", ("one.com", "two.com")) is None

    def test_without_any_no_host_is_allowed(self):
        assert marketing_url_fault("https://good.com/", ())

    def test_allowed_host_excuses_nothing_else(self):
        assert marketing_url_fault("javascript://good.com/", ("good.com",))


LABELS = st.text(ascii_lowercase + digits, min_size=1, max_size=12)
HOSTS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
PATHS = st.text(ascii_lowercase + digits + "/-_.~%+", max_size=40)


class TestProperties:
    """What holds of every URL."""

    @given(st.text())
    def test_any_text_is_judged(self, text):
        assert marketing_url_fault(text) is None or isinstance(marketing_url_fault(text), str)

    @given(HOSTS, PATHS)
    def test_ordinary_url_is_fit(self, host, path):
        assert marketing_url_fault(f"https://{host}/{path}") is None

    @given(
        HOSTS, PATHS, st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"]), st.data()
    )
    def test_no_unprintable_character_or_white_space_anywhere(self, host, path, bad, data):
        url = f"https://{host}/{path}"
        position = data.draw(st.integers(0, len(url)))
        assert marketing_url_fault(url[:position] + bad + url[position:])

    @given(st.text(), PATHS)
    def test_fit_means_http_and_a_host(self, host, path):
        url = f"https://{host}/{path}"
        assert marketing_url_fault(url) or urlsplit(url).hostname

    @given(HOSTS, HOSTS)
    def test_good_host_in_front_of_another_is_not_allowed(self, good, other):
        url = f"https://{good}.{other}.evil/"
        assert marketing_url_fault(url, (good, f".{good}"))

    @given(HOSTS, LABELS)
    def test_subdomain_is_allowed_by_a_leading_dot_only(self, host, label):
        url = f"https://{label}.{host}/"
        assert [bool(marketing_url_fault(url, (pattern,))) for pattern in (host, f".{host}")] == [True, False]

    @given(st.from_regex(r"[a-z][a-z0-9+.-]{0,12}", fullmatch=True), HOSTS)
    def test_no_other_scheme_is_fit(self, scheme, host):
        fault = marketing_url_fault(f"{scheme}://{host}/")
        assert (fault is None) == (scheme in ("http", "https"))
