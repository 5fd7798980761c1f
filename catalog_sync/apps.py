"""The app's configurations for the LMS and for Studio, which load it as a plugin."""

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

    # edx-django-utils reads this to load the app as a plugin of the LMS.
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
        from catalog_sync import checks, receivers

        checks.register()
        receivers.connect()


class CatalogSyncStudioAppConfig(CatalogSyncAppConfig):
    """Connects only the receivers, with their checks: Studio saves course overviews, but does not sync."""

    default = False
    has_admin = False
    plugin_app: ClassVar[dict[str, Any]] = {"settings_config": {"cms.djangoapp": SETTINGS}}

    def ready(self) -> None:
        from catalog_sync import checks, receivers

        checks.register_for_publishing()
        receivers.connect()
