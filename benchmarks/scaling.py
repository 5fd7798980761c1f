"""Wall time of a sync with 1, 2 and 4 Celery workers, and of a sync in one process.

    LMS_DATABASE_URL=mysql://root@127.0.0.1:3306/bench_scaling \\
    CELERY_BROKER_URL=redis://127.0.0.1:6379/0 CELERY_RESULT_BACKEND=redis://127.0.0.1:6379/0 \\
    python -m benchmarks.scaling [course runs]

Not part of ``make bench``, because with 20,000 course runs it takes six minutes. The database must exist; its tables
are emptied before each measurement.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.lms.settings")
django.setup()

from django.core.management import call_command

from catalog_sync.models import CatalogCourseRun, SyncRun, SyncRunChange
from sandbox.catalog.testing import CatalogProcess
from sandbox.lms import celery_app
from sandbox.lms.course_overviews.models import CourseOverview

PAGE_SIZE = 500
# There are no defaults, because the database is emptied.
NEEDED = ("LMS_DATABASE_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")


def environment(catalog: CatalogProcess) -> dict[str, str]:
    queue = {"CELERY_TASK_DEFAULT_QUEUE": f"scaling-{uuid.uuid4()}"}
    return os.environ | catalog.lms_environment | queue


def empty_lms(keys: list[str]) -> None:
    for model in (CatalogCourseRun, SyncRunChange, SyncRun, CourseOverview, CourseOverview.history.model):
        model.objects.all()._raw_delete(using="default")
    rows = (CourseOverview(id=key, org="ExampleX", display_name=key) for key in keys)
    CourseOverview.objects.bulk_create(rows, batch_size=1000)


def wait_for(nodes: list[str]) -> None:
    for _ in range(60):
        if len(celery_app.control.ping(nodes, timeout=1)) == len(nodes):
            return
    sys.exit("The Celery workers do not reply.")


def measure(name: str, catalog: CatalogProcess, keys: list[str], workers: int, *options: str) -> None:
    empty_lms(keys)
    catalog.control.upsert([])  # A change empties the reply cache.
    settings = environment(catalog)
    nodes = [f"{number}@scaling" for number in range(workers)]
    celery = [
        subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "sandbox.lms", "worker", "-c1", "-n", node],
            env=settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for node in nodes
    ]
    try:
        if nodes:
            wait_for(nodes)
        command = [
            sys.executable,
            "manage.py",
            "update_catalog_data",
            "--json",
            f"--page-size={PAGE_SIZE}",
            *options,
        ]
        report = json.loads(subprocess.run(command, env=settings, capture_output=True, check=True).stdout)
    finally:
        for worker in celery:
            worker.terminate()
        for worker in celery:
            worker.wait()
    print(
        f"{name:38} {report['duration_seconds']:8.1f} s {report['updated']:9,} updated {report['requests']:5} requests",
        flush=True,
    )


def main() -> None:
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        sys.exit(
            f"Set {', '.join(missing)} to servers that workers can reach, and to a database that may be emptied."
        )
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    call_command("migrate", verbosity=0)
    with CatalogProcess(runs=count, latency=True, workers=4, cache=False) as catalog:
        keys = [row["key"] for row in catalog.control.runs()]
        for workers in (1, 2, 4):
            measure(
                f"{workers} Celery workers",
                catalog,
                keys,
                workers,
                "--distribute",
                f"--concurrency={workers}",
            )
        measure("one process, four parallel requests", catalog, keys, 0, "--concurrency=4")
        measure("one process, one request at a time", catalog, keys, 0, "--concurrency=1")


if __name__ == "__main__":
    main()
