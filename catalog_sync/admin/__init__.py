"""Django admin: the overview, the configuration, the sync runs, the stored course runs and the pins."""

from typing import Any

from django.apps import apps  # noqa: TID251 - this app's own configuration

_this_app: Any = apps.get_app_config("catalog_sync")

if _this_app.has_admin:
    from catalog_sync.admin import config, course_runs, overview, pins, sync_runs

    __all__ = ["config", "course_runs", "overview", "pins", "sync_runs"]
