"""Settings of every Studio."""

from edx_django_utils.plugins import add_plugins, get_plugin_apps
from openedx.envs.common import *  # noqa: F403
from openedx.envs.common import APPS_OF_THE_PLATFORM

ROOT_URLCONF = "cms.urls"
INSTALLED_APPS = [*APPS_OF_THE_PLATFORM, *get_plugin_apps("cms.djangoapp")]

add_plugins(__name__, "cms.djangoapp", "common")
