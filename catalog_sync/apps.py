"""The app's configuration, and how an Open edX LMS loads it as a plugin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogSyncAppConfig(AppConfig):
    """Registers the signal receivers and system checks."""

    name = "catalog_sync"
    verbose_name = _("Catalog sync")
    default_auto_field = "django.db.models.BigAutoField"

    # Read by edx-django-utils: it makes the app a plugin of the LMS. The URLs are for monitoring: what learners see is
    # the LMS's.
    plugin_app: ClassVar[dict[str, Any]] = {
        "settings_config": {
            "lms.djangoapp": {
                "common": {"relative_path": "settings.common"},
                "production": {"relative_path": "settings.production"},
                "test": {"relative_path": "settings.test"},
            }
        },
        "url_config": {
            "lms.djangoapp": {
                "namespace": "catalog_sync",
                "regex": r"^catalog_sync/",
                "relative_path": "urls",
            }
        },
    }

    def ready(self) -> None:
        """Connect the receivers and the checks."""
        from catalog_sync import checks, receivers

        checks.register()
        receivers.connect()
