"""What a caller asks for, as values of the app; what cannot be followed is refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from catalog_sync import conf
from catalog_sync.conf import Catalog
from catalog_sync.exceptions import UsageError


def catalogs(names: Iterable[str] | None) -> list[Catalog]:
    """Return the Catalogs of these names, in order; all of them for None."""
    named = conf.catalogs()
    wanted = {each.name for each in named} if names is None else set(names)
    if unknown := wanted.difference(each.name for each in named):
        known = ", ".join(each.name for each in named)
        raise UsageError(f"There is no Catalog named {', '.join(sorted(unknown))}; those there are: {known}")
    if not wanted:
        raise UsageError("No Catalog is named")
    return [each for each in named if each.name in wanted]


def catalog(name: str | None) -> Catalog:
    """Return the Catalog of this name, by default the first."""
    return catalogs(None if name is None else [name])[0]


def in_range(name: str, value: int | str | None, most: int, alternative: str = "") -> int | None:
    """Return a whole number from 1 to ``most``, or None for None."""
    if value is None or (isinstance(value, int) and 1 <= value <= most):
        return value
    raise UsageError(f"{name} must be from 1 to {most:,}{alternative}, not {value}")


def course_keys(keys: Iterable[object] | None) -> tuple[str, ...]:
    """Return the course keys as text; none for None, which is not to be had by an empty list: that would be all."""
    texts = tuple(map(course_key, keys or ()))
    if keys is not None and not texts:
        raise UsageError("no course key is named: name one, or leave course_keys out for a full sync")
    return texts


def course_key(text: object) -> str:
    """Return a course key, or the text of one, as the text that is stored."""
    try:
        return str(CourseKey.from_string(str(text)))
    except InvalidKeyError:
        raise UsageError(f"{str(text)!r} is not a course key", "course_key") from None
