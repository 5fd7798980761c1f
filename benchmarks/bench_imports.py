"""The time that the app adds to the start of a web process: ``django.setup()`` and imports, with and without it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Row, medians, python, run

REPEATS = 11
# The host has the packages of an Open edX LMS, so only this app is measured.
PROCESS = """
import sys, time
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
# Imports of every Open edX LMS.
import opaque_keys.edx.keys, opaque_keys.edx.locator, ccx_keys.locator, simple_history.models
import django.db.models.functions, django.db.backends.sqlite3.base
if with_app:
    import catalog_sync.api, catalog_sync.links, catalog_sync.models, catalog_sync.receivers
print(time.perf_counter() - started)
"""


def benchmark() -> Iterator[Row]:
    def start(which: str) -> float:
        return float(python("-c", PROCESS, which))

    start("with")  # The first start may compile bytecode.
    taken = medians(REPEATS, ours=lambda: start("with"), alone=lambda: start("without"))
    more = (taken["ours"] - taken["alone"]) * 1000
    yield Row.at_most(
        "Start of a web process, more", more, 30, " ms", floor=f"{taken['alone'] * 1000:.0f} ms"
    )


if __name__ == "__main__":
    run(benchmark)
