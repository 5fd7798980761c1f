"""The full object of a course run, which the Catalog lists without ``fields``: about 5.3 KB of JSON each."""

from random import Random
from typing import Any
from uuid import UUID

from sandbox.catalog.rows import MARKETING_ROOT, ORGANIZATIONS, Row, common_row, course_key_of, title_of

LANGUAGE_NAMES = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt-br": "Portuguese",
    "zh-cmn": "Chinese",
}
SENTENCES = (
    "This course introduces the main ideas of the field with worked examples, weekly problem sets and a final "
    "project. Learners build up from first principles and finish with a portfolio piece. "
)
GIVEN_NAMES = ("Ana", "Brittany", "Casey", "Cody", "Glenda", "Jeffrey", "Jonathon", "Mina", "Tomas", "Yusuf")
FAMILY_NAMES = (
    "Adeyemi",
    "Bentley",
    "Cooley",
    "Edwards",
    "King",
    "Novak",
    "Oliver",
    "Parker",
    "Quispe",
    "Sato",
)
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def full_row(row: Row, seed: int) -> Row:
    """Return all fields of a course run, in the service's order. The fields of ``row`` override the generated ones."""
    key = str(row["key"])
    draw = Random(f"{seed}:{key}")
    whole = _identity(key, seed, draw) | _schedule(draw) | _description(key, draw) | _reporting(draw)
    whole |= common_row(row, seed)
    whole["content_language_search_facet_name"] = LANGUAGE_NAMES.get(str(whole["content_language"]))
    return whole | row


def _identity(key: str, seed: int, draw: Random) -> Row:
    return {
        "key": key,
        "uuid": _uuid(draw),
        "title": title_of(key, seed),
        "external_key": None,
        "fixed_price_usd": None,
        "image": {
            "src": "https://cdn.example.com/card.jpg",
            "description": None,
            "height": None,
            "width": None,
        },
        "short_description": f"<p>{SENTENCES}</p>",
        "marketing_url": None,
        "seats": [
            _seat("audit", "0.00", None, draw),
            _seat("verified", "99.00", "2026-03-05T20:54:43Z", draw),
        ],
    }


def _seat(kind: str, price: str, deadline: str | None, draw: Random) -> Row:
    return {
        "type": kind,
        "price": price,
        "currency": "USD",
        "upgrade_deadline": deadline,
        "upgrade_deadline_override": None,
        "credit_provider": None,
        "credit_hours": None,
        "sku": f"{draw.getrandbits(28):07X}",
        "bulk_sku": None,
    }


def start_of(key: str, seed: int) -> str:
    """Return the start of a course run, the same as in :func:`full_row`. Many course runs start on the same day."""
    return full_row({"key": key}, seed)["start"]


def _schedule(draw: Random) -> Row:
    start = f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}T20:54:43Z"
    return {
        "start": start,
        "end": f"2026-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}T20:54:43Z",
        "go_live_date": start,
        "enrollment_start": None,
        "enrollment_end": None,
        "weeks_to_complete": draw.randint(4, 16),
        "pacing_type": draw.choice(("instructor_paced", "self_paced")),
        "type": "verified",
        "restriction_type": None,
        "run_type": "8ac28b2a-7a58-41fd-9c25-eb3388a1145a",
        "status": "published",
        "is_enrollable": True,
        "is_marketable": False,
        "is_marketable_external": False,
        "availability": "Archived",
        "variant_id": None,
    }


def _description(key: str, draw: Random) -> Row:
    start = f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}T20:54:43Z"
    return {
        "course": course_key_of(key),
        "full_description": f"<p>{SENTENCES * draw.randint(4, 7)}</p>",
        "announcement": start,
        "video": {
            "src": f"https://{_word(draw).lower()}.example.net/{_word(draw)}",
            "description": _word(draw),
            "image": {
                "src": f"http://{_word(draw).lower()}.example.org/{_word(draw)}",
                "description": _word(draw),
                "height": 100,
                "width": 100,
            },
        },
        "content_language": None,
        "license": "all-rights-reserved",
        "outcome": f"<ul><li>{SENTENCES}</li></ul>",
        "transcript_languages": ["fr"],
        "instructors": [],
        "staff": [_staff_member(draw) for _ in range(draw.randint(1, 3))],
    }


def _staff_member(draw: Random) -> Row:
    given_name, family_name = draw.choice(GIVEN_NAMES), draw.choice(FAMILY_NAMES)
    organization = draw.randrange(len(ORGANIZATIONS))
    name = ORGANIZATIONS[organization]
    return {
        "uuid": _uuid(draw),
        "salutation": None,
        "given_name": given_name,
        "family_name": family_name,
        "bio": _word(draw),
        "slug": f"{given_name}-{family_name}".lower(),
        "position": {
            "title": "Professor",
            "organization_name": f"{name[:-1]} University",
            "organization_id": organization + 1,
            "organization_override": None,
            "organization_marketing_url": f"{MARKETING_ROOT}/school/{name.lower()}",
            "organization_uuid": _uuid(draw),
            "organization_logo_image_url": f"/media/{_word(draw)}",
        },
        "areas_of_expertise": [],
        "profile_image": {},
        "works": [],
        "urls": {"facebook": None, "twitter": None, "blog": None},
        "urls_detailed": [],
        "email": None,
        "profile_image_url": None,
        "major_works": _word(draw),
        "published": True,
    }


def _reporting(draw: Random) -> Row:
    min_effort = draw.randint(1, 4)
    return {
        "min_effort": min_effort,
        "max_effort": min_effort + draw.randint(1, 7),
        "modified": f"2026-11-21T20:54:{draw.randint(10, 59)}.{draw.randrange(10**6):06d}Z",
        "level_type": draw.choice(("Introductory", "Intermediate", "Advanced")),
        "mobile_available": True,
        "hidden": False,
        "reporting_type": "mooc",
        "eligible_for_financial_aid": True,
        "first_enrollable_paid_seat_price": 99,
        "has_ofac_restrictions": False,
        "ofac_comment": "",
        "enrollment_count": 0,
        "recent_enrollment_count": 0,
        "expected_program_type": None,
        "expected_program_name": "",
        "course_uuid": _uuid(draw),
        "estimated_hours": float(draw.randint(12, 104)),
        "content_language_search_facet_name": None,
        "enterprise_subscription_inclusion": False,
        "transcript_languages_search_facet_names": ["French"],
        "ai_languages": None,
        "programs": [_program(draw)] if draw.random() < 0.3 else [],
    }


def _program(draw: Random) -> dict[str, Any]:
    slug = f"program-{draw.randint(1, 60)}"
    return {
        "uuid": _uuid(draw),
        "title": slug.replace("-", " ").capitalize(),
        "type": "Masters",
        "type_attrs": {
            "uuid": "248a9762-5713-4aa5-9308-563944ce9bee",
            "slug": "masters",
            "coaching_supported": False,
        },
        "marketing_slug": slug,
        "marketing_url": f"{MARKETING_ROOT}/masters/{slug}",
        "number_of_courses": draw.randint(1, 9),
    }


def _uuid(draw: Random) -> str:
    return str(UUID(int=draw.getrandbits(128), version=4))


def _word(draw: Random) -> str:
    return "".join(draw.choices(LETTERS, k=12))
