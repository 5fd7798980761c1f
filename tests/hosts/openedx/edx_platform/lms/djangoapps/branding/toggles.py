from django.conf import settings
from openedx.core.djangoapps.site_configuration import helpers


def use_catalog_mfe():
    return helpers.get_value(
        "ENABLE_CATALOG_MICROFRONTEND", settings.FEATURES.get("ENABLE_CATALOG_MICROFRONTEND")
    )
