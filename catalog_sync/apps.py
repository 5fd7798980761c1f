"""The app's configurations, and how an Open edX LMS and its Studio load it as a plugin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

SETTINGS = {kind: {"relative_path": f"settings.{kind}"} for kind in ("common", "production", "test")}


class CatalogSyncAppConfig(AppConfig):
    """Registers the signal receivers and system checks.

    Attributes:
        has_admin: whether Django admin shows the app's pages.
    """

    name = "catalog_sync"
    verbose_name = _("Catalog sync")
    default = True
    default_auto_field = "django.db.models.BigAutoField"
    has_admin = True

    # Read by edx-django-utils: it makes the app a plugin of the LMS. The URLs are for monitoring: what learners see is
    # the LMS's.
    plugin_app: ClassVar[dict[str, Any]] = {
        "settings_config": {"lms.djangoapp": SETTINGS},
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


class CatalogSyncStudioAppConfig(CatalogSyncAppConfig):
    """The app in Studio, whose processes write course overviews when a course is published: the receivers alone.

    A sync is the LMS's: it has the Catalog's address and credentials, and the workers.
    """

    default = False
    has_admin = False
    plugin_app: ClassVar[dict[str, Any]] = {"settings_config": {"cms.djangoapp": SETTINGS}}

    def ready(self) -> None:
        """Connect the receivers, and the checks of what they need."""
        from catalog_sync import checks, receivers

        checks.register_for_publishing()
        receivers.connect()
