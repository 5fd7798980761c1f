"""The JSON of the Mobile API, which another encoder writes, is that of Django REST framework."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIClient

from sandbox.lms.mobile_api.renderers import FastJSONRenderer
from tests.factories import CourseEnrollmentFactory
from tests.sandbox.mobile_client import VERSIONS, url_of

MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -7,
        1.5,
        "",
        'Überblick \N{LINE SEPARATOR} "quoted" </script>',
        MOMENT,
        MOMENT.replace(microsecond=120),
        MOMENT.astimezone(timezone(timedelta(hours=2))),
        NotFound().detail,
        gettext_lazy("Course"),
    ],
)
def test_value_is_written_as_by_django_rest_framework(value):
    data = {"results": [value]}
    assert json.loads(FastJSONRenderer().render(data)) == json.loads(JSONRenderer().render(data))


@pytest.mark.django_db
@pytest.mark.parametrize("version", VERSIONS)
def test_browser_shows_the_reply(version):
    enrollment = CourseEnrollmentFactory()
    client = APIClient()
    client.force_login(enrollment.user)
    response = client.get(url_of(enrollment.user, version), headers={"accept": "text/html"})
    assert str(enrollment.course_id) in response.content.decode()
