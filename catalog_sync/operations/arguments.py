"""Turns the arguments of a caller into values of this app, and refuses invalid ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils import translation
from django.utils.translation import gettext as _
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from catalog_sync import conf
from catalog_sync.conf import Catalog
from catalog_sync.course_keys import MAX_COURSE_KEY_LENGTH
from catalog_sync.exceptions import UsageError
from catalog_sync.marketing_urls import marketing_url_fault

AUTO = "auto"

# A course key in the address of a page. The older form is recognized only in the address of an about page.
_KEY_IN_URL = re.compile(r"(?:course|ccx)-v1:[^/?#&\s]+|(?<=/courses/)[^/?#]+/[^/?#]+/[^/?#]+(?=/about)")


def catalogs(names: Iterable[str] | None) -> list[Catalog]:
    """Return the Catalogs of these names in their order of priority; None: all of them."""
    configured = conf.catalogs()
    if names is None:
        return list(configured)
    wanted = set(names)
    known = ", ".join(each.name for each in configured)
    if not wanted:
        raise UsageError(f"catalogs must name at least one Catalog. Choose from: {known}.", "catalogs")
    for name in sorted(wanted.difference(each.name for each in configured)):
        raise UsageError(f"Unknown Catalog {name!r}. Choose from: {known}.")
    return [each for each in configured if each.name in wanted]


def catalog(name: str | None) -> Catalog:
    """Return the Catalog of this name; None: the first."""
    return catalogs(None if name is None else [name])[0]


def page_size(value: int | str | None) -> int | None:
    """Return the page size as a number, 0 for ``"auto"``; None: as configured."""
    # A host may import the API before its models are loaded.
    from catalog_sync.models import MAX_PAGE_SIZE

    if value is None:
        return None
    size = 0 if value == AUTO else value
    if not isinstance(size, int) or not 0 <= size <= MAX_PAGE_SIZE:
        raise UsageError(
            f"page_size must be between 1 and {MAX_PAGE_SIZE:,}, or {AUTO!r} (got {value}).", "page_size"
        )
    return size


def concurrency(value: int | None) -> int | None:
    """Return the number of parallel requests; None: as configured."""
    from catalog_sync.models import MAX_CONCURRENCY

    if value is not None and not (isinstance(value, int) and 1 <= value <= MAX_CONCURRENCY):
        raise UsageError(f"concurrency must be between 1 and {MAX_CONCURRENCY} (got {value}).", "concurrency")
    return value


def course_keys(keys: Iterable[object] | None) -> tuple[str, ...] | None:
    """Return the course keys as text; None: all course runs. An empty list is refused: it may be a mistake."""
    if keys is None:
        return None
    texts = tuple(map(course_key, keys))
    if not texts:
        raise UsageError(
            "course_keys must contain a course key. Leave course_keys out for a full sync.", "course_keys"
        )
    return texts


def course_key(key: object) -> str:
    """Return a course key, or the text of one, as the text that is stored."""
    try:
        return str(CourseKey.from_string(str(key)))
    except InvalidKeyError:
        text = _("%(text)s is not a course key.") % {"text": repr(str(key))}
        raise UsageError(text, "course_key") from None


def course_key_in(text: str) -> str:
    """Return the course key that an operator has typed, or that is in the pasted address of a course's page.

    Raises:
        UsageError: there is no valid course key.
    """
    text = text.strip()
    # A "+" in an address that was decoded twice is a space.
    found = _KEY_IN_URL.search(unquote(text).replace(" ", "+")) if "//" in text else None
    return course_key(found[0] if found else text.replace(" ", "+"))


def pinned_course_key(key: object) -> str:
    """Return the key of a course to pin, as ``course_key`` does, if it can be stored."""
    text = course_key(key)
    if len(text) > MAX_COURSE_KEY_LENGTH:
        too_long = _("The course key is longer than %(number)s characters. Check the course key.")
        raise UsageError(too_long % {"number": MAX_COURSE_KEY_LENGTH}, "course_key")
    return text


def pinned_url(url: str) -> str:
    """Return a marketing URL to pin, without surrounding white space.

    Raises:
        UsageError: it is not valid, or it has a UTM parameter.
    """
    url = url.strip()
    if fault := marketing_url_fault(url, conf.marketing_url_hosts()):
        # The faults are marked for translation where they are defined.
        text = _("The URL cannot be pinned: %(fault)s") % {"fault": translation.gettext(fault)}
        raise UsageError(text, "url")
    for name, _value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name.lower().startswith("utm_"):
            text = _(
                "The URL cannot be pinned: it has the UTM parameter %(name)s. Remove it: apps append their own when a "
                "learner shares the link."
            )
            raise UsageError(text % {"name": name}, "url")
    return url


def check_tuning(max_requests: int, target_seconds: float) -> None:
    """Refuse limits with which no page size can be measured."""
    if max_requests < 1:
        raise UsageError(f"max_requests must be at least 1 (got {max_requests}).", "max_requests")
    if not target_seconds > 0:  # NaN is refused, too.
        raise UsageError(f"target_seconds must be more than 0 (got {target_seconds:g}).", "target_seconds")


def check_combination(
    course_keys: Iterable[object] | None, *, changed: bool, dry_run: bool, distribute: bool
) -> None:
    """Refuse options of a sync that cannot be combined."""
    if (course_keys is not None) + changed + distribute > 1:
        raise UsageError(
            "Use only one of course_keys, changed and distribute.", "course_keys", "changed", "distribute"
        )
    if dry_run and distribute:
        raise UsageError(
            "dry_run and distribute cannot be combined: one process has to compare all pages.",
            "dry_run",
            "distribute",
        )
