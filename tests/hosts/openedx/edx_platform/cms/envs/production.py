"""Settings of a Studio whose operator has written a YAML file."""

import os
from pathlib import Path

import yaml
from cms.envs.common import *  # noqa: F403
from edx_django_utils.plugins import add_plugins

globals().update(yaml.safe_load(Path(os.environ["CMS_CFG"]).read_text()))

add_plugins(__name__, "cms.djangoapp", "production")
