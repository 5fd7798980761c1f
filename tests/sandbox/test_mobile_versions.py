"""The differences between the versions of the Mobile enrollment API: the enclosing object, and the pages."""

from __future__ import annotations

import pytest

from tests.factories import CourseEnrollmentFactory, UserFactory
from tests.sandbox.mobile_client import PAGINATED, VERSIONS, course_keys_of, enrollments_of, get_list

pytestmark = pytest.mark.django_db

ENROLLMENT = {
    "audit_access_expires": None,
    "certificate": {},
    "course_modes": [],
    "created": "2026-03-04T05:06:07Z",
    "is_active": True,
    "mode": "verified",
}


@pytest.fixture
def user():
    return UserFactory()


def enroll(user, number):
    """Enroll the user in so many courses, and return the course keys, newest enrollment first."""
    return [str(CourseEnrollmentFactory(user=user).course_id) for _ in range(number)][::-1]


def page_of(user, version, **query):
    return get_list(user, version, **query).json()["enrollments"]


@pytest.mark.parametrize("version", VERSIONS)
def test_enrollment_has_these_fields(user, version):
    CourseEnrollmentFactory(user=user, mode="verified", created="2026-03-04T05:06:07Z")
    (enrollment,) = enrollments_of(user, version)
    del enrollment["course"]
    missing = ("audit_access_expires", "course_modes") if version == "v0.5" else ()
    assert enrollment == {name: value for name, value in ENROLLMENT.items() if name not in missing}


@pytest.mark.parametrize("version", VERSIONS)
def test_enclosing_object(user, version):
    reply = get_list(user, version).json()
    match version:
        case "v0.5" | "v1":
            assert reply == []
        case "v2":
            assert reply == {"configs": {}, "user_timezone": "UTC", "enrollments": []}
        case _:
            primary = {"primary": None} if version == "v4" else {}
            page = reply.pop("enrollments")
            assert reply == {"configs": {}, "user_timezone": "UTC"} | primary
            pages = {"next", "previous", "count", "num_pages", "current_page", "start", "results"}
            assert page.keys() == pages


@pytest.mark.parametrize("version", ["v0.5", "v1", "v2"])
def test_list_without_pages_is_complete(user, version):
    keys = enroll(user, 30)
    assert course_keys_of(user, version, page_size=1) == keys


@pytest.mark.parametrize(("version", "default", "most"), [("v3", 10, 100), ("v4", 5, 50)])
def test_default_and_largest_page_size(user, version, default, most):
    enroll(user, most + 2)
    assert len(page_of(user, version)["results"]) == default
    assert len(page_of(user, version, page_size=1000)["results"]) == most


def test_page_has_its_position(user):
    enroll(user, 12)
    page = page_of(user, "v3", page=2, page_size=5)
    position = {name: page[name] for name in ("count", "num_pages", "current_page", "start")}
    assert position == {"count": 12, "num_pages": 3, "current_page": 2, "start": 5}


@pytest.mark.parametrize("is_staff", [False, True])
def test_count_leaves_out_enrollments_without_course_overview(is_staff):
    user = UserFactory(is_staff=is_staff)
    CourseEnrollmentFactory(user=user).course.delete()
    assert page_of(user, "v3")["count"] == 0


@pytest.mark.parametrize(("page", "link"), [(1, "previous"), (3, "next")])
def test_first_and_last_page_have_no_link_beyond(user, page, link):
    enroll(user, 12)
    assert page_of(user, "v3", page=page, page_size=5)[link] is None


def test_next_page_keeps_the_query(user):
    enroll(user, 3)
    following = page_of(user, "v3", page_size=1, org="examplex")["next"]
    assert following.partition("?")[2] == "org=examplex&page=2&page_size=1"


@pytest.mark.parametrize("version", PAGINATED)
@pytest.mark.parametrize("page", ["0", "-1", "2", "abc"])
def test_page_that_does_not_exist_is_404(user, version, page):
    enroll(user, 2)
    assert get_list(user, version, page=page).status_code == 404


def test_pages_of_v3_have_every_enrollment_once(user):
    keys = enroll(user, 7)
    pages = [course_keys_of(user, "v3", page=page, page_size=3) for page in (1, 2, 3)]
    assert [key for page in pages for key in page] == keys


class TestPrimary:
    """The newest enrollment, which v4 returns apart from the list."""

    def test_is_the_newest_and_not_in_the_list(self, user):
        keys = enroll(user, 3)
        reply = get_list(user, "v4").json()
        assert reply["primary"]["course"]["id"] == keys[0]
        assert [each["course"]["id"] for each in reply["enrollments"]["results"]] == keys[1:]
        assert reply["enrollments"]["count"] == 2

    def test_is_the_same_on_every_page(self, user):
        keys = enroll(user, 8)
        assert get_list(user, "v4", page=2).json()["primary"]["course"]["id"] == keys[0]

    def test_is_the_newest_of_the_organization(self, user):
        keys = enroll(user, 1)
        CourseEnrollmentFactory(user=user, course__id="course-v1:OtherX+One+2026")
        assert get_list(user, "v4", org="ExampleX").json()["primary"]["course"]["id"] == keys[0]

    @pytest.mark.parametrize(
        ("status", "is_listed"), [("in_progress", True), ("completed", False), ("expired", False)]
    )
    def test_is_missing_if_the_query_has_a_status(self, user, status, is_listed):
        keys = enroll(user, 2)
        assert "primary" not in get_list(user, "v4", status=status).json()
        assert course_keys_of(user, "v4", status=status) == (keys if is_listed else [])

    def test_is_there_if_the_status_is_unknown(self, user):
        enroll(user, 1)
        assert get_list(user, "v4", status="unheard-of").json()["primary"]
