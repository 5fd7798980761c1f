"""Publish a course in the sandbox LMS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from sandbox.lms.course_overviews.publishing import publish_course


class Command(BaseCommand):
    help = "Publish a course. Its course overview is deleted and created again, as in the LMS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course_key", metavar="KEY", help="such as course-v1:DemoX+Intro+2026")
        parser.add_argument("--display-name", help="the course's new name")

    def handle(self, *, course_key: str, display_name: str | None, **options: Any) -> None:
        try:
            key = CourseKey.from_string(course_key)
        except InvalidKeyError as error:
            raise CommandError(f"{course_key} is not a course key.") from error
        fields = {} if display_name is None else {"display_name": display_name}
        course_overview = publish_course(key, **fields)
        self.stdout.write(f"Published {key}. Its marketing URL: {course_overview.marketing_url or 'none'}")
