"""The sandbox's settings, but with each page a task of a worker ends in an error of its own."""

from sandbox.lms.settings import *  # noqa: F403

CATALOG_SYNC_RUN_STATUSES = 5
# Without it the worker would not start.
SILENCED_SYSTEM_CHECKS = ["catalog_sync.E007"]
