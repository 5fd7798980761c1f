"""A throw-away LMS: copied out of the repository, run where the wheel alone is installed."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "lms.settings"
execute_from_command_line(sys.argv)
