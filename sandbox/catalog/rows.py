"""Course runs that are generated from a seed: their keys, and the fields that a sync usually requests.

Key and seed determine every value, so a Catalog of a million course runs needs the memory of a million keys.
"""

import re
from typing import Any
from zlib import crc32

Row = dict[str, Any]

MARKETING_ROOT = "https://www.marketing.example.com"
ORGANIZATIONS = (
    "AccraX BaselX BerkeleyX BogotaX CairoX DelftX GrazX HanoiX JenaX KyotoX LagosX LeedsX LimaX MITx OsloX PerthX "
    "QuitoX RigaX SeoulX TurinX"
).split()
SUBJECTS = "BIO CHEM CS ECON HIST LAW MATH MUS PHIL PHYS".split()
TITLE_WORDS = (
    "Algorithms Analysis Biology Climate Data Design Economics Ethics Health History Introduction Language Leadership "
    "Learning Machine Markets Modern Networks Philosophy Physics Policy Principles Robotics Security Statistics "
    "Systems Thinking Writing"
).split()
LANGUAGES = ("en", "es", "fr", "de", "pt-br", "zh-cmn")
RUNS_PER_COURSE = 3

# Of a thousand course runs, cumulative; the others are published.
UNPUBLISHED, LEGAL_REVIEW, INTERNAL_REVIEW, REVIEWED = 50, 56, 62, 68
WITHOUT_URL = 25

_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")


def course_run_keys(count: int, seed: int) -> list[str]:
    """Return ``count`` distinct keys: 2 % old-style, 3 % CCX (mostly of a listed course run), 95 % ``course-v1:``."""
    return [_course_run_key(number, seed) for number in range(count)]


def _course_run_key(number: int, seed: int) -> str:
    org, course, run = _org_course_run(number, seed)
    kind = number % 100
    if kind in (20, 70):
        return f"{org}/{course}/{run}"
    if kind in (35, 65, 95):
        return "ccx-v1:{}+{}+{}+ccx@{}".format(*_org_course_run(number - 1, seed), number)
    return f"course-v1:{org}+{course}+{run}"


def _org_course_run(number: int, seed: int) -> tuple[str, str, str]:
    course_number, nth_run = divmod(number, RUNS_PER_COURSE)
    mixed = ((course_number + 1) * 2654435761 + seed * 40503 + 977) & 0xFFFFFFFF
    org = ORGANIZATIONS[(mixed >> 8) % len(ORGANIZATIONS)]
    subject = SUBJECTS[(mixed >> 16) % len(SUBJECTS)]
    run = f"{(mixed + nth_run) % 3 + 1}T{2018 + (mixed >> 4) % 7 + nth_run}_{nth_run}"
    return org, f"{subject}{course_number + 1:05d}x", run


def course_key_of(key: str) -> str:
    """Return the course, ``Org+Number``, of a course run; its key may be of any kind."""
    parts = re.split(r"[+/]", str(key).partition(":")[2] or str(key))
    return "+".join(parts[:2])


def title_of(key: str, seed: int) -> str:
    mixed = crc32(key.encode(), seed)
    return " ".join(TITLE_WORDS[(mixed >> shift) % len(TITLE_WORDS)] for shift in (0, 7, 14, 21))


def marketing_url_of(key: str, seed: int) -> str:
    slug = _NOT_IN_A_SLUG.sub("-", f"{title_of(key, seed)} {key}".lower()).strip("-")
    return f"{MARKETING_ROOT}/course/{slug}"


def with_marketing_root(row: Row, root: str) -> Row:
    """Return the row with another root of its marketing URL; without a root, the URL is relative."""
    url = row.get("marketing_url")
    if root == MARKETING_ROOT or not isinstance(url, str) or not url.startswith(f"{MARKETING_ROOT}/"):
        return row
    path = url.removeprefix(f"{MARKETING_ROOT}/")
    return row | {"marketing_url": f"{root}/{path}" if root else path}


def brief_row(key: str, seed: int) -> Row:
    """Return the key, the marketing URL and the status of a generated course run."""
    return {"key": key, **_url_and_status(key, seed)}


def _url_and_status(key: str, seed: int) -> Row:
    share = crc32(key.encode(), seed + 1) % 1000
    if share < UNPUBLISHED:
        status = "unpublished"
    elif share < LEGAL_REVIEW:
        status = "review_by_legal"
    elif share < INTERNAL_REVIEW:
        status = "review_by_internal"
    elif share < REVIEWED:
        status = "reviewed"
    else:
        status = "published"
    without_url = REVIEWED <= share < REVIEWED + WITHOUT_URL
    return {"marketing_url": None if without_url else marketing_url_of(key, seed), "status": status}


# What a host with more than the marketing URL in CATALOG_SYNC_FIELDS requests.
COMMON_FIELDS = frozenset(
    ("key", "marketing_url", "status", "eligible_for_financial_aid", "content_language")
)


def common_row(row: Row, seed: int) -> Row:
    """Return ``row`` with all ``COMMON_FIELDS``, as in :func:`full_row` but in a tenth of the time."""
    mixed = crc32(str(row["key"]).encode(), seed + 2)
    more = {
        "content_language": LANGUAGES[mixed % len(LANGUAGES)],
        "eligible_for_financial_aid": mixed % 10 != 0,
    }
    return row | more | row


def given_row(given: Row, seed: int) -> Row:
    """Return a row that a test sets; by default it is published and has a URL."""
    key = given["key"]
    return {"key": key, "marketing_url": marketing_url_of(str(key), seed), "status": "published"} | given
