"""What having the app costs a web process at start-up: ``django.setup()`` and its imports, with the app and without."""

from __future__ import annotations

import json

from benchmarks.harness import Table, medians, python

REPEATS = 15
# The host has what an Open edX LMS has anyway; what is measured is this app over it.
PROCESS = """
import json, sys, time
started = time.perf_counter()
import django
from django.conf import settings

host = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.admin", "django.contrib.messages",
        "config_models", "simple_history", "rest_framework"]
with_app = sys.argv[1] == "with"
settings.configure(
    INSTALLED_APPS=host + ["catalog_sync"] * with_app,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CATALOG_SYNC_COURSE_OVERVIEW_MODEL="auth.User",
)
django.setup()
# What an LMS of Open edX imports in any case.
import opaque_keys.edx.keys, opaque_keys.edx.locator, ccx_keys.locator, simple_history.models
import django.db.models.functions, django.db.backends.sqlite3.base
before_api = time.perf_counter()
if with_app:
    import catalog_sync.api, catalog_sync.links, catalog_sync.models, catalog_sync.receivers
print(json.dumps([time.perf_counter() - started, sorted(sys.modules)]))
"""
JOB_ONLY = (
    "requests",
    "urllib3",
    "edx_rest_api_client",
    "tqdm",
    "celery",
    "stamina",
    "msgspec",
    "catalog_sync.sync",
)


def main() -> None:
    modules: dict[str, set[str]] = {}

    def start(which: str) -> float:
        seconds, imported = json.loads(python("-c", PROCESS, which))
        modules[which] = set(imported)
        return seconds

    start("with")  # compiles what was not compiled yet
    taken = medians(REPEATS, ours=lambda: start("with"), alone=lambda: start("without"))
    more = (taken["ours"] - taken["alone"]) * 1000
    table = Table("Start of a web process", ["", "ms", "modules"])
    table.add("Django with the app", taken["ours"] * 1000, len(modules["with"]))
    table.add("floor (Django alone)", taken["alone"] * 1000, len(modules["without"]))
    table.add("the app", more, len(modules["with"] - modules["without"]))
    table.at_most("the app over Django alone", more, 30, " ms")
    unwanted = sorted(modules["with"].intersection(JOB_ONLY))
    table.goal(
        "no HTTP client, progress bar, Celery or sync engine imported",
        ", ".join(unwanted) or "none",
        not unwanted,
    )
    table.print()


if __name__ == "__main__":
    main()
