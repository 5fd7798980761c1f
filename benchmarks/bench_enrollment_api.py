"""The Mobile enrollment API for a learner with 1,000 enrollments, and for twenty learners in parallel.

The baseline is ``benchmarks.per_row_api``: the same reply with one query per enrollment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from socket import socket
from typing import Any

import requests

from benchmarks import lms
from benchmarks.harness import ROOT, Row, percentile, run, seconds_of

ENROLLMENTS = 1_000
FIRST_START, STARTS = datetime(2024, 1, 1, tzinfo=UTC), 300
CALLS = 20
PARALLEL_LEARNERS = 20
CALLS_UNDER_LOAD = 5
SERVERS = 2
# v1 returns all courses of a learner, v4 those on the home screen of an app.
VERSIONS = {"v1": ENROLLMENTS, "v4": 5}
PATH = "/api/mobile/v1/users/{}/course_enrollments/"


def benchmark() -> Iterator[Row]:
    lms.set_up()
    yield from lms.on_each(("SQLite", "MariaDB"), measure)


def measure(vendor: str, url: str) -> Iterator[Row]:
    learners = seed()
    yield from alone(vendor, learners[0])
    yield from under_load(vendor, url, learners)


def seed() -> list[Any]:
    from django.contrib.auth.models import User

    from sandbox.catalog.rows import course_run_keys, marketing_url_of
    from sandbox.lms.course_overviews.models import CourseOverview
    from sandbox.lms.student.models import CourseEnrollment

    keys = course_run_keys(3_200, 1)
    lms.seed(keys)
    for key in keys[::2]:
        CourseOverview.objects.filter(pk=key).update(marketing_url=marketing_url_of(key, 1))
    for day in range(STARTS):
        CourseOverview.objects.filter(pk__in=keys[day::STARTS]).update(
            start=FIRST_START + timedelta(days=day)
        )
    User.objects.bulk_create(User(username=f"learner{number}") for number in range(PARALLEL_LEARNERS))
    learners = list(User.objects.order_by("id"))
    CourseEnrollment.objects.bulk_create(
        [CourseEnrollment(user=learner, course_id=key) for learner in learners for key in keys[:ENROLLMENTS]],
        batch_size=100,
    )
    return learners


def alone(vendor: str, learner: Any) -> Iterator[Row]:
    from benchmarks.per_row_api import EnrollmentsPerRow
    from benchmarks.sql import statements
    from sandbox.catalog.rows import ORGANIZATIONS
    from sandbox.lms.mobile_api.views import EnrollmentsV1

    ours, baseline = EnrollmentsV1.as_view(), EnrollmentsPerRow.as_view()
    reply = json.loads(call(ours, learner))
    assert len(reply) == ENROLLMENTS
    assert reply == json.loads(call(baseline, learner)), "The two replies differ."
    with statements() as sent:
        call(ours, learner)
    p95 = {
        view: percentile([seconds_of(lambda: call(view, learner)) for _ in range(CALLS)], 95)  # noqa: B023
        for view in (ours, baseline)
    }
    what = f"Enrollment API, {ENROLLMENTS:,} enrollments, {vendor}"
    yield Row.at_least(
        f"{what}: p95 {p95[ours] * 1000:.0f} ms",
        p95[baseline] / p95[ours],
        20,
        " x as fast",
        baseline=f"{p95[baseline] * 1000:.0f} ms",
    )
    yield Row.at_most(f"{what}: queries", len(sent), 5 + len(ORGANIZATIONS), "")


def call(handle: Any, learner: Any) -> bytes:
    from edx_django_utils.cache import RequestCache
    from rest_framework.test import APIRequestFactory, force_authenticate

    request = APIRequestFactory().get(PATH.format(learner.username))
    force_authenticate(request, learner)
    RequestCache.clear_all_namespaces()  # Like the middleware at the start of a request.
    response = handle(request, username=learner.username).render()
    assert response.status_code == 200
    return response.content


def under_load(vendor: str, url: str, learners: list[Any]) -> Iterator[Row]:
    """Measure requests of twenty learners in parallel, over HTTP and with a token each."""
    headers = [{"Authorization": f"JWT {token_of(learner)}"} for learner in learners]
    with ExitStack() as running:
        roots = [running.enter_context(server(url)) for _ in range(SERVERS)]
        for version, enrollments in VERSIONS.items():

            def ask(number: int, version: str = version) -> float:
                learner = number % len(learners)
                path = PATH.format(learners[learner].username).replace("v1", version)
                address = roots[number % SERVERS] + path
                return seconds_of(
                    lambda: requests.get(address, headers=headers[learner], timeout=60).raise_for_status()
                )

            for number in range(SERVERS):
                ask(number)
            with ThreadPoolExecutor(PARALLEL_LEARNERS) as pool:
                taken = list(pool.map(ask, range(PARALLEL_LEARNERS * CALLS_UNDER_LOAD)))
            what = f"{PARALLEL_LEARNERS} learners in parallel, {enrollments:,} per reply ({version}), {vendor}: p95"
            yield Row.at_most(what, percentile(taken, 95), 2, " s")


def token_of(learner: Any) -> str:
    import jwt
    from django.conf import settings
    from jwt.api_jwk import PyJWK

    now = int(time.time())
    claims = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "preferred_username": learner.username,
        "email": learner.email,
        "iat": now,
        "exp": now + 600,
        "version": "1.2.0",
    }
    key = PyJWK.from_json(settings.JWT_AUTH["JWT_PRIVATE_SIGNING_JWK"]).key
    return jwt.encode(claims, key, algorithm=settings.JWT_AUTH["JWT_SIGNING_ALGORITHM"])


@contextmanager
def server(url: str) -> Iterator[str]:
    """Run the LMS's development server, which has one thread per request, and yield its URL."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"]
    environment = os.environ | {"LMS_DATABASE_URL": url}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, **quiet)
    try:
        root = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                requests.get(root, timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield root
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    run(benchmark)
