"""Settings of an LMS whose operator has written a YAML file."""

import os
from pathlib import Path

import yaml
from edx_django_utils.plugins import add_plugins
from lms.envs.common import *  # noqa: F403

globals().update(yaml.safe_load(Path(os.environ["LMS_CFG"]).read_text()))

add_plugins(__name__, "lms.djangoapp", "production")
