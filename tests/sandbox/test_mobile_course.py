"""What the Mobile API tells of a course, above all the link that a learner shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone, translation
from openedx_filters import PipelineStep

from catalog_sync import conf
from sandbox.lms.course_overviews.models import DEFAULT_START_DATE
from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory, UserFactory
from tests.sandbox.mobile_client import VERSIONS, enrollments_of

pytestmark = pytest.mark.django_db

COURSE = "course-v1:ExampleX+One+2026"
KEYS = [COURSE, "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"]
MARKETING_URL = "https://www.example.com/course/one"
SOCIAL_SHARING_URL = "https://go.example.com/one"
COURSE_FIELDS = {
    "course_about",
    "course_handouts",
    "course_image",
    "course_sharing_utm_parameters",
    "course_updates",
    "courseware_access",
    "discussion_url",
    "dynamic_upgrade_deadline",
    "end",
    "id",
    "is_self_paced",
    "media",
    "name",
    "number",
    "org",
    "org_logo",
    "start",
    "start_display",
    "start_type",
    "subscription_id",
    "video_outline",
}


def course_of(version="v1", user=None, **fields):
    """Return the ``course`` that the API tells of a course overview with these fields."""
    user = user or UserFactory()
    CourseEnrollmentFactory(user=user, course=CourseOverviewFactory(**{"id": COURSE} | fields))
    (enrollment,) = enrollments_of(user, version)
    return enrollment["course"]


class ShowOrganization(PipelineStep):
    """A step that replaces every URL by one with the organization."""

    def run_filter(self, url, org):
        return {"url": f"https://{org}.example.com", "org": org}


@pytest.mark.parametrize("version", VERSIONS)
def test_course_has_exactly_these_fields(version):
    assert course_of(version).keys() == COURSE_FIELDS


@pytest.mark.parametrize("version", VERSIONS)
class TestCourseAbout:
    """The link of a stock LMS: social sharing URL, else the about page, which the filter step replaces."""

    def test_is_the_social_sharing_url_if_there_is_one(self, version):
        course = course_of(version, social_sharing_url=SOCIAL_SHARING_URL, marketing_url=MARKETING_URL)
        assert course["course_about"] == SOCIAL_SHARING_URL

    def test_is_the_marketing_url_if_custom_urls_are_off(self, version, settings):
        settings.SOCIAL_SHARING_SETTINGS = {"CUSTOM_COURSE_URLS": False}
        course = course_of(version, social_sharing_url=SOCIAL_SHARING_URL, marketing_url=MARKETING_URL)
        assert course["course_about"] == MARKETING_URL

    @pytest.mark.parametrize("key", KEYS)
    def test_is_the_marketing_url_if_there_is_no_social_sharing_url(self, version, key):
        assert course_of(version, id=key, marketing_url=MARKETING_URL)["course_about"] == MARKETING_URL

    def test_is_the_page_of_the_lms_if_the_filter_step_is_off(self, version, settings):
        settings.CATALOG_SYNC_ABOUT_PAGE_FILTER = False
        course = course_of(version, marketing_url=MARKETING_URL)
        assert urlsplit(course["course_about"]).path == f"/courses/{COURSE}/about"

    def test_is_the_marketing_url_without_the_filter_step_if_the_flag_is_on(self, version, settings):
        settings.OPEN_EDX_FILTERS_CONFIG = {}
        settings.FEATURES = {"ENABLE_MKTG_SITE": True}
        assert course_of(version, marketing_url=MARKETING_URL)["course_about"] == MARKETING_URL

    def test_passes_through_the_filter_with_its_organization(self, version, settings):
        step = "tests.sandbox.test_mobile_course.ShowOrganization"
        settings.OPEN_EDX_FILTERS_CONFIG = {conf.ABOUT_PAGE_FILTER: [step]}
        assert course_of(version)["course_about"] == "https://ExampleX.example.com"

    @pytest.mark.parametrize("key", KEYS)
    def test_is_the_page_of_the_lms_if_there_is_neither(self, version, key, settings):
        settings.LMS_ROOT_URL = "https://lms.example.com"
        assert course_of(version, id=key)["course_about"] == f"https://lms.example.com/courses/{key}/about"

    def test_passes_over_empty_urls(self, version):
        course = course_of(version, social_sharing_url="", marketing_url="")
        assert urlsplit(course["course_about"]).path == f"/courses/{COURSE}/about"

    @pytest.mark.parametrize(
        "urls", [{}, {"marketing_url": MARKETING_URL}, {"social_sharing_url": SOCIAL_SHARING_URL}]
    )
    def test_carries_no_query_of_its_own(self, version, urls):
        assert urlsplit(course_of(version, **urls)["course_about"]).query == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", COURSE),
        ("name", "Course One"),
        ("number", "CS One"),
        ("org", "Example University"),
        ("start", "2025-09-01T00:00:00Z"),
        ("end", "2026-12-24T18:00:00Z"),
        ("course_image", "/asset/one.jpg"),
        ("media", {"course_image": {"uri": "/asset/one.jpg", "name": "Course Image"}}),
        ("is_self_paced", True),
    ],
)
def test_course_tells_what_its_overview_says(field, value):
    course = course_of(
        display_name="Course One",
        display_number_with_default="CS One",
        display_org_with_default="Example University",
        start=datetime(2025, 9, 1, tzinfo=UTC),
        end=datetime(2026, 12, 24, 18, tzinfo=UTC),
        course_image_url="/asset/one.jpg",
        self_paced=True,
    )
    assert course[field] == value


@pytest.mark.parametrize(
    "field",
    [
        "course_handouts",
        "course_updates",
        "discussion_url",
        "dynamic_upgrade_deadline",
        "end",
        "org_logo",
        "video_outline",
    ],
)
def test_what_nobody_knows_is_null(field):
    assert course_of()[field] is None


@pytest.mark.parametrize(
    ("key", "subscription_id"),
    [
        (COURSE, "course_v1_ExampleX_One_2026"),
        ("Example-X/One.1/2026", "Example_X_One_1_2026"),
        ("ccx-v1:ExampleX+One+2026+ccx@7", "ccx_v1_ExampleX_One_2026_ccx_7"),
        ("course-v1:ÉcoleX+One+2026", "course_v1__coleX_One_2026"),
    ],
)
def test_subscription_id_has_only_letters_digits_and_underscores(key, subscription_id):
    assert course_of(id=key)["subscription_id"] == subscription_id


@pytest.mark.parametrize(
    ("fields", "start_type", "start_display"),
    [
        ({"start": datetime(2025, 9, 1, tzinfo=UTC)}, "timestamp", "Sept. 1, 2025"),
        ({"advertised_start": "Any day you like"}, "string", "Any day you like"),
        ({"advertised_start": "", "start": datetime(2025, 9, 1, tzinfo=UTC)}, "timestamp", "Sept. 1, 2025"),
        ({"start": None}, "empty", None),
        ({"start": DEFAULT_START_DATE}, "empty", None),
    ],
)
class TestStart:
    """The author's words before the date, and the date that Open edX fills in is none."""

    def test_type(self, fields, start_type, start_display):
        assert course_of(**fields)["start_type"] == start_type

    def test_display(self, fields, start_type, start_display):
        assert course_of(**fields)["start_display"] == start_display


def test_start_is_displayed_in_the_language_of_the_request():
    start = datetime(2025, 9, 1, tzinfo=UTC)
    course_of(start=start)
    with translation.override("de"):
        shown = course_of(id="ExampleX/One/2026", start=start)["start_display"]
    assert shown == "1. September 2025"


class TestSharingParameters:
    """Apps append one of these to the link."""

    def test_are_there_for_both_sites(self):
        assert course_of()["course_sharing_utm_parameters"].keys() == {"facebook", "twitter"}

    @pytest.mark.parametrize("site", ["facebook", "twitter"])
    def test_are_an_encoded_query_string_that_names_the_site(self, site):
        query = parse_qs(course_of()["course_sharing_utm_parameters"][site], strict_parsing=True)
        assert query["utm_source"] == [site]


class TestCoursewareAccess:
    """Everybody once the course has started; staff before."""

    ACCESS_FIELDS = {
        "additional_context_user_message",
        "developer_message",
        "error_code",
        "has_access",
        "user_fragment",
        "user_message",
    }

    @pytest.mark.parametrize("start", [None, DEFAULT_START_DATE])
    def test_has_exactly_these_fields(self, start):
        assert course_of(start=start)["courseware_access"].keys() == self.ACCESS_FIELDS

    @pytest.mark.parametrize("start", [None, datetime(2025, 9, 1, tzinfo=UTC)])
    def test_is_granted_once_the_course_has_started(self, start):
        assert course_of(start=start)["courseware_access"]["has_access"] is True

    def test_granted_has_no_error_code(self):
        assert course_of()["courseware_access"]["error_code"] is None

    def test_is_denied_before_the_course_starts(self):
        start = timezone.now() + timedelta(days=1)
        assert course_of(start=start)["courseware_access"]["has_access"] is False

    def test_denied_says_why(self):
        start = timezone.now() + timedelta(days=1)
        assert course_of(start=start)["courseware_access"]["error_code"] == "course_not_started"

    def test_denied_tells_the_learner_until_when(self):
        start = datetime(2100, 5, 1, tzinfo=UTC)
        message = course_of(start=start)["courseware_access"]["user_message"]
        assert message == "This course starts on May 1, 2100."

    def test_denied_tells_the_learner_no_date_where_there_is_none(self):
        message = course_of(start=DEFAULT_START_DATE)["courseware_access"]["user_message"]
        assert message == "This course has not started yet."

    def test_is_granted_to_staff_before_the_course_starts(self):
        staff = UserFactory(is_staff=True)
        course = course_of(user=staff, start=timezone.now() + timedelta(days=1))
        assert course["courseware_access"]["has_access"] is True
