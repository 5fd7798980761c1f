"""The number of queries does not depend on the length of the list. The links cost one query per organization."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.student.models import CourseEnrollment
from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory, UserFactory
from tests.integration.sql import statements
from tests.sandbox.mobile_client import VERSIONS, claims_of, token_of, url_of

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("version", VERSIONS)]

# One of them is for the one organization.
MAX_QUERIES = 6


def enroll(user, number, **course_fields):
    courses = CourseOverview.objects.bulk_create(CourseOverviewFactory.build_batch(number, **course_fields))
    CourseEnrollment.objects.bulk_create(
        CourseEnrollmentFactory.build(user=user, course=course) for course in courses
    )


def queries_of(client, user, version):
    with statements() as sent:
        response = client.get(url_of(user, version), {"page_size": 50})
    assert response.status_code == 200
    return len(sent.all())


def signed_in(user):
    client = APIClient()
    client.force_login(user)
    return client


def with_token(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"JWT {token_of(claims_of(user))}")
    return client


def test_three_hundred_enrollments_cost_as_many_queries_as_three(version):
    few, many = UserFactory(), UserFactory()
    enroll(few, 3)
    enroll(many, 300)
    for client_of in (signed_in, with_token):
        queries = queries_of(client_of(many), many, version)
        assert queries == queries_of(client_of(few), few, version) <= MAX_QUERIES


def test_a_thousand_links_of_twenty_organizations_cost_at_most_twenty_queries(version):
    none, many = UserFactory(), UserFactory()
    enroll(none, 60, social_sharing_url="https://go.example.com/one")
    courses = CourseOverview.objects.bulk_create(
        CourseOverviewFactory.build(id=f"course-v1:Org{number % 20}X+C{number}+2026")
        for number in range(1_000)
    )
    CourseEnrollment.objects.bulk_create(
        CourseEnrollmentFactory.build(user=many, course=course) for course in courses
    )
    assert queries_of(signed_in(many), many, version) <= queries_of(signed_in(none), none, version) + 20


def test_staff_and_courses_with_a_marketing_url_cost_no_more_queries(version, no_sockets):
    learner, staff = UserFactory(), UserFactory(is_staff=True)
    enroll(learner, 3)
    enroll(staff, 3, marketing_url="https://www.example.com/course/one")
    assert queries_of(signed_in(staff), staff, version) == queries_of(signed_in(learner), learner, version)
