"""The sandbox LMS as an edx-platform that Tutor's discovery plugin has set up: no OAuth2 client for the Catalog."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "modules"))

from sandbox.lms.settings import *  # noqa: F403

INSTALLED_APPS = [
    *INSTALLED_APPS,  # noqa: F405
    "django.contrib.sites",
    "openedx.core.djangoapps.catalog",
    "openedx.core.djangoapps.site_configuration",
]
SITE_ID = 1
COURSE_CATALOG_API_URL = "http://localhost:8008/api/v1"
for name in ("PROVIDER_URL", "KEY", "SECRET"):
    del globals()[f"BACKEND_SERVICE_EDX_OAUTH2_{name}"]
