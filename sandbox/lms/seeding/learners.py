"""Makes learners and their enrollments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.student.models import CourseEnrollment

PASSWORD = "edx"
ADMIN, COLLECTOR, SHOWCASE = "staff", "collector", "honor"
COLLECTION = 300
MODES = ("audit", "honor", "verified")
FIRST_ENROLLMENT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_users(learners: int) -> dict[str, User]:
    """Store the administrator, ``honor``, ``collector`` and so many ``learners`` if missing; return all by name."""
    names = [ADMIN, SHOWCASE, COLLECTOR, *(f"learner{number:03}" for number in range(1, learners + 1))]
    password = make_password(PASSWORD)  # One hash for all, because hashing is slow.
    User.objects.bulk_create(
        [
            User(
                username=name,
                email=f"{name}@example.com",
                password=password,
                is_staff=name == ADMIN,
                is_superuser=name == ADMIN,
            )
            for name in names
        ],
        ignore_conflicts=True,
    )
    return {user.username: user for user in User.objects.filter(username__in=names)}


def make_enrollments(
    users: dict[str, User], overviews: list[CourseOverview], examples: list[CourseOverview], seed: int
) -> list[CourseEnrollment]:
    """Return the enrollments to store.

    ``honor`` has the examples, the first one newest; ``collector`` has 300 courses, ``staff`` none, others a few.
    """
    draw = Random(seed)
    for_mobile = [overview for overview in overviews if overview.mobile_available]
    courses_of = {
        SHOWCASE: examples[::-1],
        COLLECTOR: draw.sample(for_mobile, min(COLLECTION, len(for_mobile))),
    }
    for name in sorted(users.keys() - courses_of.keys() - {ADMIN}):
        courses_of[name] = draw.sample(overviews, min(draw.randint(2, 8), len(overviews)))
    return [
        CourseEnrollment(
            user=users[name],
            course_id=overview.id,
            created=FIRST_ENROLLMENT + timedelta(days=day),
            mode=draw.choice(MODES),
            is_active=name in (SHOWCASE, COLLECTOR) or draw.random() < 0.9,
        )
        for name, courses in courses_of.items()
        for day, overview in enumerate(courses)
    ]
