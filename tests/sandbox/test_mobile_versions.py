"""What sets the versions of the Mobile enrollment API apart: what is around the list, and its pages."""

from __future__ import annotations

import pytest

from tests.factories import CourseEnrollmentFactory, UserFactory
from tests.sandbox.mobile_client import PAGINATED, VERSIONS, course_keys_of, enrollments_of, get_list

pytestmark = pytest.mark.django_db

ENROLLMENT_FIELDS = {
    "audit_access_expires",
    "certificate",
    "course",
    "course_modes",
    "created",
    "is_active",
    "mode",
}
PAGE_FIELDS = {"next", "previous", "count", "num_pages", "current_page", "start", "results"}


@pytest.fixture
def user():
    return UserFactory()


def enroll(user, number):
    """Enroll the user in so many courses; return the course keys, newest enrollment first."""
    return [str(CourseEnrollmentFactory(user=user).course_id) for _ in range(number)][::-1]


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_enrollment_has_exactly_these_fields(user, version):
    enroll(user, 2)
    assert all(enrollment.keys() == ENROLLMENT_FIELDS for enrollment in enrollments_of(user, version))


def test_v05_enrollment_tells_neither_course_modes_nor_expiry(user):
    enroll(user, 1)
    (enrollment,) = enrollments_of(user, "v0.5")
    assert enrollment.keys() == ENROLLMENT_FIELDS - {"audit_access_expires", "course_modes"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("audit_access_expires", None),
        ("certificate", {}),
        ("course_modes", []),
        ("created", "2026-03-04T05:06:07Z"),
        ("is_active", True),
        ("mode", "verified"),
    ],
)
def test_enrollment_tells(user, field, value):
    CourseEnrollmentFactory(user=user, mode="verified", created="2026-03-04T05:06:07Z")
    (enrollment,) = enrollments_of(user)
    assert enrollment[field] == value


@pytest.mark.parametrize("version", ["v0.5", "v1"])
def test_reply_is_a_bare_list(user, version):
    assert get_list(user, version).json() == []


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_reply_is_an_object_of_three(user, version):
    assert get_list(user, version).json().keys() == {"configs", "user_timezone", "enrollments"}


def test_v4_reply_is_an_object_of_four(user):
    assert get_list(user, "v4").json().keys() == {"configs", "user_timezone", "enrollments", "primary"}


@pytest.mark.parametrize("version", VERSIONS[2:])
def test_configs_are_empty(user, version):
    assert get_list(user, version).json()["configs"] == {}


@pytest.mark.parametrize("version", VERSIONS[2:])
def test_time_zone_is_utc(user, version):
    assert get_list(user, version).json()["user_timezone"] == "UTC"


@pytest.mark.parametrize("version", ["v0.5", "v1", "v2"])
def test_list_without_pages_is_whole(user, version):
    keys = enroll(user, 30)
    assert course_keys_of(user, version, page_size=1) == keys


@pytest.mark.parametrize("version", PAGINATED)
def test_page_has_exactly_these_fields(user, version):
    assert get_list(user, version).json()["enrollments"].keys() == PAGE_FIELDS


@pytest.mark.parametrize(("version", "page_size"), [("v3", 10), ("v4", 5)])
def test_default_page_size(user, version, page_size):
    enroll(user, 12)
    assert len(get_list(user, version).json()["enrollments"]["results"]) == page_size


@pytest.mark.parametrize(("version", "most"), [("v3", 100), ("v4", 50)])
def test_largest_page_size(user, version, most):
    enroll(user, most + 2)
    assert len(get_list(user, version, page_size=1000).json()["enrollments"]["results"]) == most


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 12), ("num_pages", 3), ("current_page", 2), ("start", 5)],
)
def test_page_tells_where_it_stands(user, field, value):
    enroll(user, 12)
    assert get_list(user, "v3", page=2, page_size=5).json()["enrollments"][field] == value


def test_count_leaves_out_enrollments_without_course_overview(user):
    CourseEnrollmentFactory(user=user).course.delete()
    assert get_list(user, "v3").json()["enrollments"]["count"] == 0


def test_count_leaves_out_enrollments_without_course_overview_for_staff():
    staff = UserFactory(is_staff=True)
    CourseEnrollmentFactory(user=staff).course.delete()
    assert get_list(staff, "v3").json()["enrollments"]["count"] == 0


@pytest.mark.parametrize(("page", "link"), [(1, "previous"), (3, "next")])
def test_first_and_last_page_have_no_neighbor_there(user, page, link):
    enroll(user, 12)
    assert get_list(user, "v3", page=page, page_size=5).json()["enrollments"][link] is None


def test_next_page_keeps_the_query(user):
    enroll(user, 3)
    following = get_list(user, "v3", page_size=1, org="examplex").json()["enrollments"]["next"]
    assert following.partition("?")[2] == "org=examplex&page=2&page_size=1"


@pytest.mark.parametrize("version", PAGINATED)
@pytest.mark.parametrize("page", ["0", "-1", "2", "abc"])
def test_page_that_does_not_exist_is_404(user, version, page):
    enroll(user, 2)
    assert get_list(user, version, page=page).status_code == 404


def test_v3_pages_together_hold_every_enrollment_once(user):
    keys = enroll(user, 7)
    pages = [course_keys_of(user, "v3", page=page, page_size=3) for page in (1, 2, 3)]
    assert [key for page in pages for key in page] == keys


class TestPrimary:
    """The newest enrollment, which v4 sets apart."""

    def test_is_the_newest(self, user):
        keys = enroll(user, 3)
        assert get_list(user, "v4").json()["primary"]["course"]["id"] == keys[0]

    def test_is_taken_out_of_the_list(self, user):
        keys = enroll(user, 3)
        listed = get_list(user, "v4").json()["enrollments"]["results"]
        assert [enrollment["course"]["id"] for enrollment in listed] == keys[1:]

    def test_is_taken_out_of_the_count(self, user):
        enroll(user, 3)
        assert get_list(user, "v4").json()["enrollments"]["count"] == 2

    def test_is_the_same_on_every_page(self, user):
        keys = enroll(user, 8)
        assert get_list(user, "v4", page=2).json()["primary"]["course"]["id"] == keys[0]

    def test_is_null_without_enrollments(self, user):
        assert get_list(user, "v4").json()["primary"] is None

    def test_is_looked_for_among_the_organizations_own(self, user):
        keys = enroll(user, 1)
        CourseEnrollmentFactory(user=user, course__id="course-v1:OtherX+One+2026")
        assert get_list(user, "v4", org="ExampleX").json()["primary"]["course"]["id"] == keys[0]

    @pytest.mark.parametrize("status", ["in_progress", "completed", "expired"])
    def test_is_dropped_when_a_status_is_asked_for(self, user, status):
        enroll(user, 1)
        assert "primary" not in get_list(user, "v4", status=status).json()

    def test_stays_in_the_list_when_a_status_is_asked_for(self, user):
        keys = enroll(user, 2)
        assert course_keys_of(user, "v4", status="in_progress") == keys

    def test_is_there_when_the_status_is_unheard_of(self, user):
        enroll(user, 1)
        assert get_list(user, "v4", status="unheard-of").json()["primary"]
