"""A course in a reply of the Mobile API has the fields of edx-platform, above all the link that a learner shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

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
SOCIAL_URL = "https://go.example.com/one"
LMS_ROOT_URL = "https://lms.example.com"
AUTUMN = datetime(2025, 9, 1, tzinfo=UTC)


def course_of(version="v1", user=None, **fields):
    """Return ``course`` of an enrollment in a course overview with these fields."""
    user = user or UserFactory()
    CourseEnrollmentFactory(user=user, course=CourseOverviewFactory(**{"id": COURSE} | fields))
    (enrollment,) = enrollments_of(user, version)
    return enrollment["course"]


class ShowOrganization(PipelineStep):
    """A filter step that returns a URL with the organization."""

    def run_filter(self, url, org):
        return {"url": f"https://{org}.example.com", "org": org}


@pytest.mark.parametrize("version", VERSIONS)
class TestCourseAbout:
    """The link of a stock LMS: the social sharing URL, else the about page, which the filter step replaces."""

    @pytest.fixture(autouse=True)
    def lms_root_url(self, settings):
        settings.LMS_ROOT_URL = LMS_ROOT_URL

    @pytest.mark.parametrize(
        ("social", "marketing", "link"),
        [
            (SOCIAL_URL, MARKETING_URL, SOCIAL_URL),
            (None, MARKETING_URL, MARKETING_URL),
            ("", "", f"{LMS_ROOT_URL}/courses/{COURSE}/about"),
        ],
    )
    def test_is_the_first_url_that_is_set(self, version, social, marketing, link):
        course = course_of(version, social_sharing_url=social, marketing_url=marketing)
        assert course["course_about"] == link

    @pytest.mark.parametrize("key", KEYS)
    def test_is_the_about_page_of_a_course_with_any_kind_of_key(self, version, key):
        assert course_of(version, id=key)["course_about"] == f"{LMS_ROOT_URL}/courses/{key}/about"

    def test_is_the_marketing_url_without_custom_course_urls(self, version, settings):
        settings.SOCIAL_SHARING_SETTINGS = {"CUSTOM_COURSE_URLS": False}
        course = course_of(version, social_sharing_url=SOCIAL_URL, marketing_url=MARKETING_URL)
        assert course["course_about"] == MARKETING_URL

    def test_is_the_about_page_if_the_filter_step_is_disabled(self, version, settings):
        settings.CATALOG_SYNC_ABOUT_PAGE_FILTER = False
        course = course_of(version, marketing_url=MARKETING_URL)
        assert course["course_about"] == f"{LMS_ROOT_URL}/courses/{COURSE}/about"

    def test_is_the_marketing_url_without_the_filter_step_if_the_feature_is_enabled(self, version, settings):
        settings.OPEN_EDX_FILTERS_CONFIG = {}
        settings.FEATURES = {"ENABLE_MKTG_SITE": True}
        assert course_of(version, marketing_url=MARKETING_URL)["course_about"] == MARKETING_URL

    def test_filter_gets_the_organization(self, version, settings):
        step = "tests.sandbox.test_mobile_course.ShowOrganization"
        settings.OPEN_EDX_FILTERS_CONFIG = {conf.ABOUT_PAGE_FILTER: [step]}
        assert course_of(version)["course_about"] == "https://ExampleX.example.com"


@pytest.mark.parametrize("version", VERSIONS)
def test_course_has_the_values_of_its_overview_and_null_for_unknown_ones(version):
    course = course_of(
        version,
        display_name="Course One",
        display_number_with_default="CS One",
        display_org_with_default="Example University",
        start=AUTUMN,
        end=datetime(2026, 12, 24, 18, tzinfo=UTC),
        course_image_url="/asset/one.jpg",
        self_paced=True,
    )
    for tested_elsewhere in ("course_about", "course_sharing_utm_parameters", "courseware_access"):
        del course[tested_elsewhere]
    assert course == {
        "id": COURSE,
        "name": "Course One",
        "number": "CS One",
        "org": "Example University",
        "org_logo": None,
        "start": "2025-09-01T00:00:00Z",
        "start_display": "Sept. 1, 2025",
        "start_type": "timestamp",
        "end": "2026-12-24T18:00:00Z",
        "dynamic_upgrade_deadline": None,
        "subscription_id": "course_v1_ExampleX_One_2026",
        "course_image": "/asset/one.jpg",
        "media": {"course_image": {"uri": "/asset/one.jpg", "name": "Course Image"}},
        "course_updates": None,
        "course_handouts": None,
        "discussion_url": None,
        "video_outline": None,
        "is_self_paced": True,
    }


@pytest.mark.parametrize(
    ("key", "subscription_id"),
    [
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
        ({"advertised_start": "Any day you like"}, "string", "Any day you like"),
        ({"advertised_start": "", "start": AUTUMN}, "timestamp", "Sept. 1, 2025"),
        ({"start": None}, "empty", None),
        ({"start": DEFAULT_START_DATE}, "empty", None),
    ],
)
def test_advertised_start_overrides_the_date_and_the_default_date_is_empty(fields, start_type, start_display):
    course = course_of(**fields)
    assert (course["start_type"], course["start_display"]) == (start_type, start_display)


def test_start_is_displayed_in_the_language_of_the_request():
    course_of(start=AUTUMN)
    with translation.override("de"):
        assert course_of(id="ExampleX/One/2026", start=AUTUMN)["start_display"] == "1. September 2025"


def test_sharing_parameters_are_a_query_string_for_each_site():
    parameters = course_of()["course_sharing_utm_parameters"]
    sources = {site: parse_qs(query, strict_parsing=True)["utm_source"] for site, query in parameters.items()}
    assert sources == {"facebook": ["facebook"], "twitter": ["twitter"]}


class TestCoursewareAccess:
    """Learners have access after the start of the course, and staff always."""

    GRANTED = {
        "has_access": True,
        "error_code": None,
        "developer_message": None,
        "user_message": None,
        "additional_context_user_message": None,
        "user_fragment": None,
    }

    @pytest.mark.parametrize("start", [None, AUTUMN])
    def test_is_granted_after_the_start(self, start):
        assert course_of(start=start)["courseware_access"] == self.GRANTED

    def test_is_granted_to_staff_before_the_start(self):
        staff = UserFactory(is_staff=True)
        course = course_of(user=staff, start=timezone.now() + timedelta(days=1))
        assert course["courseware_access"] == self.GRANTED

    @pytest.mark.parametrize(
        ("start", "message"),
        [
            (datetime(2100, 5, 1, tzinfo=UTC), "This course starts on May 1, 2100."),
            (DEFAULT_START_DATE, "This course has not started yet."),
        ],
    )
    def test_is_denied_before_the_start_with_a_message(self, start, message):
        access = course_of(start=start)["courseware_access"]
        assert access.keys() == self.GRANTED.keys()
        assert (access["has_access"], access["error_code"]) == (False, "course_not_started")
        assert access["user_message"] == message


def test_course_image_can_be_shown(client):
    overview = CourseOverviewFactory(course_image_url="/asset/course-v1:a+b+c/course_image.jpg")
    response = client.get(overview.course_image_url)
    assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml")
