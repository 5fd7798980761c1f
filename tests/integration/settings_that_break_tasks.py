"""The sandbox's settings with a value on which each task raises an exception."""

from sandbox.lms.settings import *  # noqa: F403

CATALOG_SYNC_RUN_STATUSES = 5
# Without this, the worker would not start.
SILENCED_SYSTEM_CHECKS = ["catalog_sync.E007"]
