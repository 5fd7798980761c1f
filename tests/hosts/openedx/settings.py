"""Settings of the LMS that ``access_scenarios.py`` runs from the repository, with the modules of ``edx_platform``."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("edx_platform")))

from edx_django_utils.plugins import add_plugins
from lms.envs.common import *  # noqa: F403

from sandbox.catalog.auth import SIGNING_KEY

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE_FILE"]}}
# The stand-in Catalog accepts tokens that are signed with this key.
JWT_AUTH = {"JWT_ISSUER": "https://lms.example.com/oauth2", "JWT_SECRET_KEY": SIGNING_KEY}

add_plugins(__name__, "lms.djangoapp", "production")
