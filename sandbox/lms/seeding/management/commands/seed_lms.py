"""Seeds the sandbox LMS from a running Catalog."""

from __future__ import annotations

from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.seeding import catalog, courses, learners
from sandbox.lms.student.models import CourseEnrollment

BATCH_SIZE = 500


class Command(BaseCommand):
    help = "Seed the LMS with course overviews out of the Catalog's course runs, and with learners."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--course-overviews", type=int, default=3200, metavar="N", help="default: 3200")
        parser.add_argument(
            "--learners", type=int, default=20, metavar="N", help="besides honor and collector"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same LMS")
        parser.add_argument("--reset", action="store_true", help="first remove all courses and enrollments")

    def handle(self, *, course_overviews: int, seed: int, reset: bool, **options: Any) -> None:
        stored = CourseOverview.objects.count()
        if stored and not reset:
            self.stdout.write(
                f"Using the existing sandbox data ({stored:,} course overviews). "
                "To start over: .venv/bin/python manage.py seed_lms --reset."
            )
            return
        runs = _course_runs()
        made = courses.make_courses(runs, course_overviews, seed)
        with transaction.atomic():
            _remove_courses()  # Also without --reset: enrollments outlive their courses.
            CourseOverview.objects.bulk_create(made.overviews, batch_size=BATCH_SIZE)
            users = learners.make_users(options["learners"])
            enrollments = learners.make_enrollments(users, made.overviews, list(made.telling.values()), seed)
            CourseEnrollment.objects.bulk_create(enrollments, batch_size=BATCH_SIZE)
        self.stdout.write(_summary(runs, made, users, enrollments))


def _course_runs() -> list[catalog.CourseRun]:
    api_url = settings.COURSE_CATALOG_API_URL
    try:
        return catalog.course_runs(
            api_url,
            settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL,
            settings.BACKEND_SERVICE_EDX_OAUTH2_KEY,
            settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET,
        )
    except requests.RequestException as error:
        raise CommandError(
            f"The Catalog at {api_url} cannot be read ({error}). Start one with python -m sandbox.catalog."
        ) from error


def _remove_courses() -> None:
    # This is no unpublishing: receivers and history are to know nothing of it, so no signal is sent.
    for rows in (CourseEnrollment.objects.all(), CourseOverview.objects.all(), CourseOverview.history.all()):
        rows._raw_delete(rows.db)


def _summary(
    runs: list[catalog.CourseRun],
    made: courses.Courses,
    users: dict[str, learners.User],
    enrollments: list[CourseEnrollment],
) -> str:
    return (
        f"Seeded the LMS with {len(made.overviews):,} course overviews: {made.in_catalog:,} of the Catalog's "
        f"{len(runs):,} course runs, {made.ccx:,} CCX courses that the Catalog does not know, and {made.lms_only:,} "
        f"known to the LMS only. {len(users):,} users with {len(enrollments):,} enrollments. Sign in as "
        f"{learners.SHOWCASE} (one course of each kind: {', '.join(made.telling)}), {learners.COLLECTOR} (many) or "
        f"{learners.ADMIN} (the administrator); every password is {learners.PASSWORD}."
    )
