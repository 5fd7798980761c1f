"""Seed the sandbox LMS from a running Catalog."""

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
    help = "Fill the sandbox LMS with course overviews from the Catalog's course runs, and with learners."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--course-overviews",
            type=int,
            default=3200,
            metavar="N",
            help="number of course overviews (default: 3200)",
        )
        parser.add_argument(
            "--learners",
            type=int,
            default=20,
            metavar="N",
            help="number of learners besides honor and collector",
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="the same seed makes the same LMS (default: 1)"
        )
        parser.add_argument("--reset", action="store_true", help="remove all courses and enrollments first")

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
            _remove_courses()  # Also without --reset, since enrollments may remain without courses.
            CourseOverview.objects.bulk_create(made.overviews, batch_size=BATCH_SIZE)
            users = learners.make_users(options["learners"])
            enrollments = learners.make_enrollments(users, made.overviews, list(made.examples.values()), seed)
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
            f"Cannot read the Catalog at {api_url}. Start one with python -m sandbox.catalog. ({error})"
        ) from error


def _remove_courses() -> None:
    # Without signals, so that neither receivers nor the history record it.
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
        f"{len(runs):,} course runs, {made.ccx:,} CCX courses and {made.lms_only:,} other courses that are not in the "
        f"Catalog. {len(users):,} users with {len(enrollments):,} enrollments. Sign in as {learners.SHOWCASE} (one "
        f"course of each kind: {', '.join(made.examples)}), {learners.COLLECTOR} (many courses) or {learners.ADMIN} "
        f"(the administrator). Every password is {learners.PASSWORD}."
    )
