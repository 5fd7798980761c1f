"""Which URLs are valid marketing URLs."""

from __future__ import annotations

from string import ascii_lowercase, digits
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.marketing_urls import MAX_MARKETING_URL_LENGTH, marketing_url_fault

VALID = [
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
INVALID = {
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
    "host after an IPv6 address": "https://[2001:db8::7].example.com/course",
    "host name in brackets": "https://[v1.example.com]/course",
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
    """``marketing_url_fault`` without allowed hosts."""

    @pytest.mark.parametrize("url", [*VALID, "https://www.example.com/".ljust(MAX_MARKETING_URL_LENGTH, "x")])
    def test_valid_url_has_none(self, url):
        assert marketing_url_fault(url) is None

    @pytest.mark.parametrize("kind", INVALID)
    def test_invalid_url_has_one(self, kind):
        assert marketing_url_fault(INVALID[kind])

    def test_url_that_is_too_long_is_reported_with_the_limit(self):
        assert "longer than 2048" in marketing_url_fault("https://www.example.com/".ljust(2049, "x"))

    def test_fault_does_not_repeat_the_url(self):
        assert "secret" not in marketing_url_fault(INVALID["credentials"])


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
            ("192.0.2.7", "192.0.2.7"),
            ("*", "whatever.example"),
        ],
    )
    def test_allowed_host_is_accepted(self, pattern, host):
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
            # Browsers open xn--fa-hia.de. By the older standard of Python's own codec, it would be fass.de.
            ("fass.de", "faß.de"),
            ("faß.de", "fass.de"),
            ("", "good.com"),
            (".good.com", "ü" * 64 + ".good.com"),
        ],
    )
    def test_other_host_is_reported(self, pattern, host):
        fault = marketing_url_fault(f"https://{host}/course", (pattern,))
        assert fault == "host not in CATALOG_SYNC_MARKETING_URL_HOSTS"

    def test_one_of_several_allowed_hosts_is_enough(self):
        assert marketing_url_fault("https://two.com/", ("one.com", "two.com")) is None

    def test_empty_list_allows_no_host(self):
        assert marketing_url_fault("https://good.com/", ())

    def test_other_rules_apply_to_an_allowed_host(self):
        assert marketing_url_fault("javascript://good.com/", ("good.com",))


LABELS = st.text(ascii_lowercase + digits, min_size=1, max_size=12)
HOSTS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
PATHS = st.text(ascii_lowercase + digits + "/-_.~%+", max_size=40)


class TestProperties:
    """What is true of every URL."""

    @given(st.text())
    def test_any_text_has_a_result(self, text):
        assert marketing_url_fault(text) is None or isinstance(marketing_url_fault(text), str)

    @given(HOSTS, PATHS)
    def test_ordinary_url_is_valid(self, host, path):
        assert marketing_url_fault(f"https://{host}/{path}") is None

    @given(
        HOSTS, PATHS, st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"]), st.data()
    )
    def test_unprintable_character_or_white_space_is_invalid_anywhere(self, host, path, bad, data):
        url = f"https://{host}/{path}"
        position = data.draw(st.integers(0, len(url)))
        assert marketing_url_fault(url[:position] + bad + url[position:])

    @given(st.text(), PATHS)
    def test_valid_url_has_a_host(self, host, path):
        url = f"https://{host}/{path}"
        assert marketing_url_fault(url) or urlsplit(url).hostname

    @given(HOSTS, HOSTS)
    def test_host_that_begins_with_an_allowed_one_is_not_allowed(self, good, other):
        url = f"https://{good}.{other}.evil/"
        assert marketing_url_fault(url, (good, f".{good}"))

    @given(HOSTS, LABELS)
    def test_only_a_leading_dot_allows_subdomains(self, host, label):
        url = f"https://{label}.{host}/"
        assert [bool(marketing_url_fault(url, (pattern,))) for pattern in (host, f".{host}")] == [True, False]

    @given(st.from_regex(r"[a-z][a-z0-9+.-]{0,12}", fullmatch=True), HOSTS)
    def test_other_schemes_are_invalid(self, scheme, host):
        fault = marketing_url_fault(f"{scheme}://{host}/")
        assert (fault is None) == (scheme in ("http", "https"))
