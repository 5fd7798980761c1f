"""Settings of Studio: the LMS's apps, models and database, without access to a Catalog."""

from edx_django_utils.plugins import get_plugin_apps

from sandbox.lms import settings as lms
from sandbox.lms.settings import *  # noqa: F403

INSTALLED_APPS = [
    *(app for app in lms.INSTALLED_APPS if app not in get_plugin_apps("lms.djangoapp")),
    *get_plugin_apps("cms.djangoapp"),
]
COURSE_CATALOG_API_URL = BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = None
BACKEND_SERVICE_EDX_OAUTH2_KEY = BACKEND_SERVICE_EDX_OAUTH2_SECRET = None
